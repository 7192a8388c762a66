source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- in_order(here_only("mkvtrial.csv"), "community"); d$stratum <- factor(d$stratum)
fit <- solve_gee(know ~ arm + stratum, d, "community", poisson("log"), "independence")
write_expected("geepack (modified Poisson, independence); Mancl-DeRouen from full matrices",
               marginal_numbers(fit, "arm", by_people(rep(1, nrow(d))), "mancl_derouen", 16, "ratio"), packages = "geepack")
