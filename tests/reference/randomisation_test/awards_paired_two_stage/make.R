source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- awards()
full <- names(which(table(unique(d[c("school_id", "pair")])$pair) == 2))
d <- d[d$pair %in% full, ]
k <- by_cluster(d, "school_id", "Bagrut_status", keep = c("treated", "pair"))
# pairs are in both stages, as strata are
e <- expected_totals(Bagrut_status ~ factor(pair) + lagscore + father_ed + mother_ed + siblings + immigrant, binomial, d, "school_id")
write_expected("glm with pairs and without arm, then all 32,768 allocations of its residuals (Gail et al. 1996)",
               randomisation((k$y - e) / k$n, k$treated, k$pair))
