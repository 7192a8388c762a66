source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- awards()
k <- by_cluster(d, "school_id", "Bagrut_status", keep = "treated"); k$arm <- k$treated
t <- t.test(k$m[k$arm == 1], k$m[k$arm == 0], var.equal = TRUE)
out <- effect(t$estimate[[1]] - t$estimate[[2]], t$stderr, t$parameter[[1]])
overall <- icc_anova(d$Bagrut_status, d$school_id); n <- as.vector(table(d$school_id)); ours <- icc_anova(d$Bagrut_status, d$school_id, d$treated)
why <- "their correlation takes all clusters as one group, so the effect of the arms counts as variation between clusters; ours is pooled within arms"
other <- c(differs("icc.icc", overall, ours, why),
           differs("icc.design_effect", 1 + (sum(n^2) / sum(n) - 1) * overall, 1 + (sum(n^2) / sum(n) - 1) * ours, why))
write_expected("t.test(var.equal = TRUE) on school proportions; anova for the correlation",
               out, icc_numbers(d$Bagrut_status, d$school_id, d$treated), other)
