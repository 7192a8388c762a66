source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- dickinson()
k <- by_cluster(d, "county", "outcome", keep = "arm")
write_expected("the 1,287 saved allocations of a constrained randomisation, one by one; the test inverted by bisection",
               randomisation(k$m, k$arm, Z = dickinson_schemes()))
