source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("mkvtrial.csv")
k <- by_cluster(d, "community", "know", keep = c("arm", "stratum"))
e <- expected_totals(know ~ factor(agegp) + factor(ethnicgp), binomial, d, "community")
k$r <- k$y / e
fit <- lm(r ~ 0 + factor(arm), k); b <- coef(fit); g <- c(-1 / b[1], 1 / b[2])
write_expected("glm without arm, then the delta method on arm means of observed / expected, own R",
               effect(log(b[2] / b[1]), sqrt(drop(g %*% vcov(fit) %*% g)), 18, log = TRUE))
