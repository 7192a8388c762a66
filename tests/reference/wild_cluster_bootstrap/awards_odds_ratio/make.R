source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- first_pairs(7)
write_expected("glm with the effect as an offset, one Fisher step from each of 512 vectors of scores; inverted by bisection",
               bootstrap(case(cbind(1, d$treated, d$mother_ed), d$Bagrut_status, d$school_id, binomial())))
