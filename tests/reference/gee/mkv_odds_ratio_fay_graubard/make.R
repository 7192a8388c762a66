source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- in_order(here_only("mkvtrial.csv"), "community")
for (s in 2:3) d[[paste0("s", s)]] <- about(as.numeric(d$stratum == s), by_people(rep(1, nrow(d))))
fit <- solve_gee(know ~ arm + s2 + s3, d, "community", binomial(), "exchangeable")
write_expected("geepack (exchangeable); Fay-Graubard for an intercept, a 0/1 arm and centred strata, from full matrices",
               marginal_numbers(fit, "arm", by_people(rep(1, nrow(d))), "fay_graubard", 16, "odds_ratio"), packages = "geepack")
