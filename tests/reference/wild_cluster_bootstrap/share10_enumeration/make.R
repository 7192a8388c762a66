source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- here_only("share_10schools.csv")
k <- case(cbind(1, d$arm), d$kscore, d$school)
both <- strict(k)
write_expected("all 1,024 samples refitted by least squares, CR1 as in sandwich::vcovCL; the test inverted by bisection",
               bootstrap(k),
               differs("estimate.p_value", both[1], both[2],
                       "programs that count only samples with a larger |t| leave out the observed signs and their negatives, 2 / 2^clusters; here p counts them"))
