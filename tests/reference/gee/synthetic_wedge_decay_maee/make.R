source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "over_periods.R"))
d <- wedge(); fit <- solve_over_periods(y ~ treated + factor(period), d, gaussian(), "decay", corrected = TRUE)
write_expected("matrix-adjusted estimating equations with a decaying correlation, by a loop with full matrices; Mancl-DeRouen",
               marginal_numbers(fit, "treated", people_compared(d), "mancl_derouen", 10 - 6, "difference", rtol = 1e-7),
               correlations_over_periods(fit, "icc"))
