source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- in_order(dickinson(), "county")
fit <- solve_gee(outcome ~ arm, d, "county", binomial(), "exchangeable")
write_expected("geepack (exchangeable); Mancl-DeRouen from full matrices: 0.13879936 on the log scale, as geesmv gives",
               c(marginal_numbers(fit, "arm", by_clusters(rep(1, nrow(d)), d$county), "mancl_derouen", 14, "odds_ratio"),
                 correlation_numbers(fit)), packages = "geepack")
