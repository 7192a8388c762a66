source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("mkvtrial.csv")
k <- by_cluster(d, "community", "know", keep = c("arm", "stratum"))
write_expected("weighted least squares on each of the 28,000 allocations; the test inverted by bisection",
               randomisation(k$m, k$arm, k$stratum, k$n))
