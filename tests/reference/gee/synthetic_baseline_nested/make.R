source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "over_periods.R"))
d <- baseline_trial(); fit <- nested_by_geepack(y ~ treated + factor(period), d, gaussian())
write_expected("geepack, told which pairs of outcomes are of one period; CR2 as clubSandwich defines it and its df from full matrices",
               marginal_numbers(fit, "treated", people_compared(d), "cr2", function(c) satterthwaite(fit, "cr2", c), "difference"),
               correlations_over_periods(fit, "icc"), packages = "geepack")
