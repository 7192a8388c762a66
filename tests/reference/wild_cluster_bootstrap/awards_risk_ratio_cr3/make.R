source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- first_pairs(7)
size <- table(d$school_id)[as.character(d$school_id)]
write_expected("glm (Poisson variance) with the effect as an offset, one Fisher step, residuals times (I - H)^-1; inverted by bisection",
               bootstrap(case(cbind(1, d$treated, d$lagscore), d$Bagrut_status, d$school_id, poisson(), as.vector(1 / size), "cr3")))
