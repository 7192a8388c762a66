source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- awards()
full <- names(which(table(unique(d[c("school_id", "pair")])$pair) == 2))
d <- d[d$pair %in% full, ]
k <- by_cluster(d, "school_id", "Bagrut_status", keep = c("treated", "pair"))
k <- k[order(k$pair), ]
t <- t.test(k$m[k$treated == 1], k$m[k$treated == 0], paired = TRUE)
write_expected("t.test(paired = TRUE) on the 15 complete pairs", effect(t$estimate[[1]], t$stderr, t$parameter[[1]]),
               list(number("fit.n_clusters[arm=0]", 15), number("fit.n_clusters[arm=1]", 15)))
