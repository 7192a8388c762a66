source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- in_order(here_only("mkvtrial.csv"), "community"); d$stratum <- factor(d$stratum)
fit <- solve_gee(know ~ arm + stratum + ethnicgp, d, "community", binomial(), "exchangeable")
write_expected("geepack (exchangeable); CR2 as clubSandwich defines it, its df and the delta method from full matrices",
               c(marginal_numbers(fit, "arm", by_people(rep(1, nrow(d))), "cr2", function(c) satterthwaite(fit, "cr2", c),
                                  "odds_ratio"), correlation_numbers(fit)), packages = "geepack")
