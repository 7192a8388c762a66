source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- programme("NICU")
at <- at_optimum(cbind(numerator, denominator - numerator) ~ time + step + years + (step + years | unit), d)
rows <- d[d$time >= 0 & d$time <= 11, ]; w <- rows$denominator / sum(rows$denominator)
X <- cbind(1, rows$time, rows$step, rows$years); Z <- cbind(1, rows$step, rows$years)
bare <- function(M, columns) { M[, columns] <- 0; M }
asked <- function(par) {
  L <- t(chol(covariance_of(par[5:10], 3))); b <- par[1:4]
  mean_of <- function(X, Z) sum(w * over_effects(X %*% b, sqrt(rowSums((Z %*% L)^2))))
  mean_of(X, Z) - mean_of(bare(X, 3:4), bare(Z, 2:3))
}
g <- grad(asked, at$par)
df <- nlevels(d$unit) - 1
G <- covariance_of(at$par[5:10], 3); s <- diag(c(1, 1, 1 / 12)); G <- s %*% G %*% s
se <- sqrt(diag(at$V))[1:4]
write_expected("glmmTMB at its optimum, means over the random effects by a grid, delta method with numDeriv",
  c(t_effect(asked(at$par), sqrt(c(g %*% at$V %*% g)), df),
    t_effect(at$par[[3]], se[3], df, TRUE, prefix = "change", about = "[measure=level_change]"),
    t_effect(at$par[[4]] / 12, se[4] / 12, df, TRUE, prefix = "change", about = "[measure=slope_change]"),
    variance_numbers(G, c("level", "step", "ramp"))), packages = c("glmmTMB", "numDeriv"))
