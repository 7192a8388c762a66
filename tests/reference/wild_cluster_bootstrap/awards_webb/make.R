source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- first_pairs(4)
write_expected("all 46,656 samples of six points for six schools, refitted by least squares; inverted by bisection",
               bootstrap(case(cbind(1, d$treated), d$Bagrut_status, d$school_id), values = webb))
