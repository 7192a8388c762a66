source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- awards()
full <- names(which(table(unique(d[c("school_id", "pair")])$pair) == 2))
d <- d[d$pair %in% full, ]
k <- by_cluster(d, "school_id", "Bagrut_status", keep = c("treated", "pair"))
k <- k[order(k$pair), ]
m1 <- k$m[k$treated == 1]; m0 <- k$m[k$treated == 0]
z <- m1 / mean(m1) - m0 / mean(m0)
write_expected("log ratio of mean proportions, variance var(m1 / mean(m1) - m0 / mean(m0)) / pairs, own R",
               effect(log(mean(m1) / mean(m0)), sd(z) / sqrt(length(z)), length(z) - 1, log = TRUE))
