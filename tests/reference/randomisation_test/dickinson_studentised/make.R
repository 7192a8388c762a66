source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- dickinson()
k <- by_cluster(d, "county", "outcome", keep = "arm")
write_expected("difference over Welch's standard error in each of the 1,287 saved allocations; inverted by bisection",
               randomisation(k$m, k$arm, studentised = TRUE, Z = dickinson_schemes()))
