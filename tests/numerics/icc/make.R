# Reference numbers for intracluster correlations: formulae written out, models by lme4, nlme, glmmTMB.
# Rscript make.R > reference.json
suppressMessages({library(lme4); library(nlme); library(glmmTMB); library(jsonlite)})
herds <- aggregate(cbind(incidence, size) ~ herd, cbpp, sum)
y <- herds$incidence; n <- herds$size; k <- length(n); N <- sum(n); p <- y / n
n0 <- (N - sum(n^2) / N) / (k - 1)
msb <- (sum(y^2 / n) - sum(y)^2 / N) / (k - 1); msw <- (sum(y) - sum(y^2 / n)) / (N - k)
aov <- (msb - msw) / (msb + (n0 - 1) * msw)
kleinman <- function(w, factor, misplaced) {
  m <- sum(w * p); s <- factor * sum(w * (p - m)^2); noise <- sum(w * (1 - w) / n)
  below <- if (misplaced) m * (1 - m) * sum(w * (1 - w)) - noise else m * (1 - m) * (sum(w * (1 - w)) - noise)
  (s - m * (1 - m) * noise) / below
}
eq <- rep(1 / k, k); pr <- n / N; less <- (k - 1) / k
pairs <- function(w) {               # every ordered pair, one by one
  a <- b <- v <- c()
  for (i in seq_len(k)) {
    z <- rep(c(1, 0), c(y[i], n[i] - y[i]))
    g <- expand.grid(s = seq_along(z), t = seq_along(z)); g <- g[g$s != g$t, ]
    a <- c(a, z[g$s]); b <- c(b, z[g$t]); v <- c(v, rep(w[i], nrow(g)))
  }
  m <- sum(v * a) / sum(v)
  sum(v * (a - m) * (b - m)) / sum(v * (a - m)^2)
}
P <- sum(y) / N; fc <- 1 - sum(y * (n - y) / n) / ((N - k) * P * (1 - P)); z <- qnorm(.975)
se_smith <- sqrt(2 * (1 - aov)^2 / n0^2 * ((1 + aov * (n0 - 1))^2 / (N - k) +
  ((k - 1) * (1 - aov) * (1 + aov * (2 * n0 - 1)) + aov^2 * (sum(n^2) - 2 / N * sum(n^3) + sum(n^2)^2 / N^2)) / (k - 1)^2))
# common correlation model: the variance of a linear function of y and y^2, by enumeration of every y
moments <- function(n, rho) { x <- 0:n; q <- (1 - rho) * dbinom(x, n, P)
  q[1] <- q[1] + rho * (1 - P); q[n + 1] <- q[n + 1] + rho * P; list(x = x, q = q) }
spread <- function(a, b, rho) sqrt(sum(sapply(seq_len(k), function(i) {
  d <- moments(n[i], rho); f <- a[i] * d$x + b[i] * d$x^2; sum(d$q * (f - sum(d$q * f))^2) })))
E <- (N - k) * P * (1 - P)
se_fc <- spread(rep(-1 / E + (1 - fc) * (1 - 2 * P) / (N * P * (1 - P)), k), 1 / (n * E), fc)
D <- msb + (n0 - 1) * msw; gb <- n0 * msw / D^2 / (k - 1); gw <- -n0 * msb / D^2 / (N - k)
se_aov <- spread(rep(gw - 2 * P * gb, k), (gb - gw) / n, aov)
peq <- pairs(rep(1, k)); M <- sum(n * (n - 1)); v <- P * (1 - P); a <- 1 / v
se_peq <- sqrt((1 - peq) / M^2 * (2 * M + (a - 3) * sum(n^2 * (n - 1)^2) * peq + (4 - a) * sum(n * (n - 1)^3) * peq^2))
# the variance of the analysis of variance estimator as the R package ICCbin 1.1.1 has it
lambda <- (N - k) * (N - 1 - n0 * (k - 1)) * aov + N * (k - 1) * (n0 - 1)
se_iccbin <- sqrt(((k - 1) * n0 * N * (N - k))^2 / lambda^4 * (2 * k + (a - 6) * sum(1 / n) +
  ((a - 6) * sum(1 / n) - 2 * N + 7 * k - 8 * k^2 / N - 2 * k * (1 - k / N) * a + (a - 3) * sum(n^2)) * aov +
  ((N^2 - k^2) * a - 2 * N - k + 4 * k^2 / N + (7 - 8 * k / N - 2 * (1 - k / N) * a) * sum(n^2)) * aov^2 +
  (a - 4) * ((N - k) / N)^2 * (sum(n^2) - N) * aov^3))
betabin <- glmmTMB(cbind(y, n - y) ~ 1, family = betabinomial)
bb <- function(q) { pi <- plogis(q[1]); r <- plogis(q[2])
  -sum(lbeta(y + pi * (1 - r) / r, n - y + (1 - pi) * (1 - r) / r) - lbeta(pi * (1 - r) / r, (1 - pi) * (1 - r) / r)) }
best <- optim(c(qlogis(P), -3), bb, method = "BFGS", control = list(reltol = 1e-15, maxit = 1000))
profile <- function(r) optimize(function(m) bb(c(m, qlogis(r))), c(-8, 4), tol = 1e-10)$objective
edge <- function(ends) uniroot(function(r) profile(r) - best$value - qchisq(.95, 1) / 2, ends, tol = 1e-12)$root
rho <- plogis(best$par[2])
fit <- glmer(cbind(y, n - y) ~ 1 + (1 | factor(seq_along(y))), family = binomial,
  control = glmerControl(optimizer = "Nelder_Mead", tolPwrss = 1e-12, optCtrl = list(FtolAbs = 1e-14, FtolRel = 1e-15, XtolRel = 1e-12, maxfun = 1e5)))
s2 <- as.numeric(VarCorr(fit)[[1]]); m <- plogis(fixef(fit)[[1]])
lin <- s2 * m * (1 - m) / (1 + s2 * m * (1 - m))
single <- data.frame(y = unlist(mapply(function(a, b) rep(c(1, 0), c(a, b - a)), y, n)), herd = rep(seq_along(n), n))
reml <- lmer(y ~ 1 + (1 | herd), single, control = lmerControl(optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14)))
vc <- as.data.frame(VarCorr(reml))$vcov
o <- anova(lm(distance ~ Subject, transform(Orthodont, Subject = factor(Subject, ordered = FALSE))))
ms <- o$`Mean Sq`; df <- o$Df; F <- ms[1] / ms[2]
searle <- sapply(c(.975, .025), function(q) { f <- F / qf(q, df[1], df[2]); (f - 1) / (f + 4 - 1) })
s <- by(Orthodont$distance, Orthodont$Subject, identity)
cat(toJSON(list(
  software = paste(R.version.string, "lme4", packageVersion("lme4"), "glmmTMB", packageVersion("glmmTMB")),
  cbpp = list(events = y, size = n, msb = msb, msw = msw, n0 = n0,
    estimates = list(anova = aov,
      anova_over_clusters = (msb * less - msw) / (msb * less + (n0 - 1) * msw),
      kleinman = kleinman(eq, 1, FALSE), kleinman_smaller = kleinman(eq, less, FALSE),
      kleinman_size = kleinman(pr, 1, FALSE), kleinman_size_smaller = kleinman(pr, less, FALSE),
      stabilised = (N * sum(pr * (p - P)^2) / ((k - 1) * P * (1 - P)) + .45 - 1) / (n0 - 1),
      unbiased_equation = 1 - N * n0 * (k - 1) * msw / (sum(y) * (n0 * (k - 1) - sum(y)) + sum(y^2)),
      fleiss_cuzick = fc,
      mak = 1 - (k - 1) * sum(y * (n - y) / (n * (n - 1))) / (sum(p^2) + sum(p) * (k - 1 - sum(p))),
      pairwise = peq, pairwise_clusters = pairs(1 / (n * (n - 1))), pairwise_members = pairs(1 / (n - 1)),
      linearised = lin, latent = s2 / (s2 + pi^2 / 3), beta_binomial = rho, reml = vc[1] / sum(vc)),
    glmmTMB = 1 / (1 + sigma(betabin)),
    beta_binomial_limits = c(edge(c(1e-4, rho)), edge(c(rho, .6))),
    errors = list(smith = se_smith, anova = se_aov, fleiss_cuzick = se_fc, pairwise = se_peq),
    iccbin = list(kleinman = kleinman(eq, 1, TRUE), kleinman_smaller = kleinman(eq, less, TRUE),
      kleinman_size = kleinman(pr, 1, TRUE), kleinman_size_smaller = kleinman(pr, less, TRUE), zou_donner_error = se_iccbin),
    effects = list(size_weighted = 1 + ((1 + sum((n - mean(n))^2) / k / mean(n)^2) * mean(n) - 1) * .05,
      least_variance = mean(n) * k / sum(n / (1 + (n - 1) * .05)))),
  orthodont = list(distance = Orthodont$distance, subject = as.integer(factor(Orthodont$Subject, ordered = FALSE)),
    msb = ms[1], msw = ms[2], icc = (ms[1] - ms[2]) / (ms[1] + 3 * ms[2]), searle = searle)
), digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
