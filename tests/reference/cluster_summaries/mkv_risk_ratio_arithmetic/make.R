source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("mkvtrial.csv")
k <- by_cluster(d, "community", "know", keep = c("arm", "stratum"))
# delta method by hand on the arm means of a stratified, weighted model
S <- model.matrix(~ factor(stratum), k)[, -1]
S <- sweep(S, 2, apply(S, 2, weighted.mean, w = k$n))
fit <- lm(m ~ 0 + factor(arm) + S, k, weights = n)
b <- coef(fit)[1:2]; g <- c(-1 / b[1], 1 / b[2])
se <- sqrt(drop(g %*% vcov(fit)[1:2, 1:2] %*% g))
write_expected("delta method on lm(weights = n) arm means, own R", effect(log(b[2] / b[1]), se, df.residual(fit), log = TRUE))
