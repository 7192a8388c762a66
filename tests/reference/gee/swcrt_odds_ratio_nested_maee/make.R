source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "over_periods.R"))
d <- here_only("sim_swcrt_small.csv"); d$cluster <- d$id; d$treated <- d$treatment; d <- d[order(d$id, d$period), ]
fit <- solve_over_periods(y_bin ~ treated + factor(period), d, binomial(), "nested", corrected = TRUE)
write_expected("matrix-adjusted estimating equations by a loop with full matrices; CR2 as clubSandwich defines it, its df and the delta method",
               marginal_numbers(fit, "treated", people_compared(d), "cr2", function(c) satterthwaite(fit, "cr2", c),
                                "odds_ratio", rtol = 1e-7), correlations_over_periods(fit, "icc_proportion"))
