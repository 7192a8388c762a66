source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("share.csv")
k <- by_cluster(d, "school", "kscore", keep = "arm")
k$r <- (k$y - expected_totals(kscore ~ sex, gaussian, d, "school")) / k$n
write_expected("lm without arm, then lm on mean residuals", effect_of(lm(r ~ arm, k), "arm"))
