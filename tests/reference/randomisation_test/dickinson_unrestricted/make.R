source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- dickinson()
k <- by_cluster(d, "county", "outcome", keep = "arm")
write_expected("all 12,870 allocations, as if there had been no constraint, one by one",
               randomisation(k$m, k$arm))
