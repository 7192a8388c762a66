source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- dickinson()
k <- by_cluster(d, "county", "outcome", keep = "arm")
write_expected("the 1,287 allocations that cvcrand saved, which the rule has to find again, one by one",
               randomisation(k$m, k$arm, Z = dickinson_schemes()))
