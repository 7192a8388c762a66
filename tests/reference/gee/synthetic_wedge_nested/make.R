source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "over_periods.R"))
d <- wedge(); fit <- nested_by_geepack(y ~ treated + factor(period) + x + stage, d, gaussian())
write_expected("geepack, told which pairs of outcomes are of one period; Kauermann-Carroll and the standard errors of correlations from full matrices",
               marginal_numbers(fit, "treated", people_compared(d), "kauermann_carroll", 10 - 2, "difference"),
               correlations_over_periods(fit, "icc"), packages = "geepack")
