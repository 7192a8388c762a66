source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- first_pairs(7)
write_expected("all 512 samples refitted by least squares on individual rows; the test inverted by bisection",
               bootstrap(case(model.matrix(~ treated + school_type + mother_ed, d), d$Bagrut_status, d$school_id)))
