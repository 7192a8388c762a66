source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- awards()
full <- names(which(table(unique(d[c("school_id", "pair")])$pair) == 2))
d <- d[d$pair %in% full, ]
k <- by_cluster(d, "school_id", "Bagrut_status", keep = c("treated", "pair"))
write_expected("all 32,768 allocations of 15 complete pairs, one by one; the test inverted by bisection",
               randomisation(k$m, k$treated, k$pair))
