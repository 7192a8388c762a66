source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- awards()
full <- names(which(table(unique(d[c("school_id", "pair")])$pair) == 2))
d <- d[d$pair %in% full, ]
k <- by_cluster(d, "school_id", "Bagrut_status", keep = c("treated", "pair"))
k$lag <- cluster_means(d$lagscore, d$school_id)
write_expected("lm(m ~ treated + pair + mean lagscore)", effect_of(lm(m ~ treated + factor(pair) + lag, k), "treated"))
