source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("share.csv")
k <- by_cluster(d, "school", "kscore", keep = "arm")
write_expected("lm(weights = n) on cluster means", effect_of(lm(m ~ arm, k, weights = n), "arm"))
