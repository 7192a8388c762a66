source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("mkvtrial.csv")
k <- by_cluster(d, "community", "know", keep = c("arm", "stratum"))
write_expected("all 28,000 allocations within strata, one by one; the test inverted by bisection",
               randomisation(k$m, k$arm, k$stratum))
