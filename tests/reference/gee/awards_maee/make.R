source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- in_order(awards(), "school_id")
fit <- maee(solve_gee(Bagrut_status ~ treated, d, "school_id", binomial(), "exchangeable"))
write_expected("matrix-adjusted estimating equations by a loop with full matrices, from geepack's solution; Mancl-DeRouen",
               c(marginal_numbers(fit, "treated", by_people(rep(1, nrow(d))), "mancl_derouen", Inf, "odds_ratio"),
                 correlation_numbers(fit, TRUE)), packages = "geepack")
