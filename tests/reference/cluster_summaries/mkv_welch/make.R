source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("mkvtrial.csv")
k <- by_cluster(d, "community", "know", keep = c("arm", "stratum"))
t <- t.test(k$m[k$arm == 1], k$m[k$arm == 0], var.equal = FALSE)
out <- effect(t$estimate[[1]] - t$estimate[[2]], t$stderr, t$parameter[[1]])
arm <- function(a) { x <- k$m[k$arm == a]; arm_mean(a, mean(x), sd(x) / sqrt(length(x)), length(x) - 1) }
write_expected("t.test(var.equal = FALSE) on cluster proportions", out, arm(0), arm(1))
