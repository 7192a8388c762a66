# Synthetic data with outcomes deleted by a recorded rule, and what R makes of them: run in this folder.
# Weighted equations by hand (M-estimation, stacked, derivatives by differences) and by geepack; multilevel
# imputation by mice (2l.lmer for the continuous outcome, 2l.bin for the binary one), by arm.
suppressMessages({library(mice); library(geepack); library(jsonlite)})
set.seed(20261123)
K <- 24; n <- 25
d <- data.frame(unit = rep(sprintf("U%02d", 1:K), each = n), arm = rep(rep(c("usual", "new"), K / 2), each = n))
N <- nrow(d); level <- rep(rnorm(K, 0, 0.5), each = n)
d$age <- round(rnorm(N), 3)
d$y <- round(10 + 0.5 * (d$arm == "new") + d$age + level + rnorm(N), 3)
d$event <- rbinom(N, 1, plogis(-0.3 + 0.5 * (d$arm == "new") + 0.8 * d$age + level))
# the rule: an outcome is deleted with chance expit(-1.2 + 0.9 age + 0.5 [arm is new])
gone <- runif(N) < plogis(-1.2 + 0.9 * d$age + 0.5 * (d$arm == "new"))
d$y[gone] <- NA; d$event[gone] <- NA
write.csv(d, "people.csv", row.names = FALSE, quote = FALSE)
r <- as.numeric(!gone); a <- as.numeric(d$arm == "new"); cl <- as.integer(factor(d$unit))
Z <- cbind(1 - a, a, (1 - a) * d$age, a * d$age); X <- cbind(1 - a, a)
jac <- function(f, x, h = 1e-5) sapply(seq_along(x), function(j) {
  e <- replace(numeric(length(x)), j, h); (f(x + e) - f(x - e)) / (2 * h) })
sandwich_of <- function(psi, theta) {           # psi(theta): a row a person, no correction for few clusters
  B <- crossprod(rowsum(psi(theta), cl)); A <- solve(jac(function(t) colSums(psi(t)), theta))
  A %*% B %*% t(A) }
difference <- function(V, theta, place, g) { G <- rep(0, length(theta)); G[place] <- g; sqrt(drop(t(G) %*% V %*% G)) }
answers <- function(yv, mean_of, slope_of) {
  y0 <- ifelse(is.na(yv), 0, yv)
  link <- if (identical(mean_of, plogis)) qlogis else identity
  alpha <- coef(glm(r ~ Z - 1, family = binomial)); w <- r / plogis(drop(Z %*% alpha))
  beta <- link(c(sum((w * y0)[a == 0]) / sum(w[a == 0]), sum((w * y0)[a == 1]) / sum(w[a == 1])))
  psi_w <- function(t) { w <- r / plogis(drop(Z %*% t[3:6]))
    cbind(X * (w * (y0 - mean_of(drop(X %*% t[1:2])))), Z * (r - plogis(drop(Z %*% t[3:6])))) }
  V <- sandwich_of(psi_w, c(beta, alpha))
  out <- list(ipw = list(means = mean_of(beta), difference = diff(mean_of(beta)),
    se = difference(V, c(beta, alpha), 1:2, c(-1, 1) * slope_of(beta))))
  share <- tapply(r, a, mean)
  psi_s <- function(t) { w <- r / plogis(drop(Z %*% t[3:6])) * ifelse(a == 1, t[8], t[7])
    cbind(X * (w * (y0 - mean_of(drop(X %*% t[1:2])))), Z * (r - plogis(drop(Z %*% t[3:6]))),
          X * (r - drop(X %*% t[7:8]))) }
  ts <- c(beta, alpha, share); V <- sandwich_of(psi_s, ts)
  out$stabilised <- list(difference = out$ipw$difference, se = difference(V, ts, 1:2, c(-1, 1) * slope_of(beta)))
  fam <- if (identical(mean_of, plogis)) binomial else gaussian
  gamma <- coef(glm(yv ~ Z - 1, family = fam)); b <- mean_of(drop(Z %*% gamma)); star <- b + w * (y0 - b)
  beta <- link(c(mean(star[a == 0]), mean(star[a == 1])))
  psi_d <- function(t) { w <- r / plogis(drop(Z %*% t[3:6])); b <- mean_of(drop(Z %*% t[7:10]))
    cbind(X * (b + w * (y0 - b) - mean_of(drop(X %*% t[1:2]))), Z * (r - plogis(drop(Z %*% t[3:6]))),
          Z * (r * (y0 - b))) }
  td <- c(beta, alpha, gamma); V <- sandwich_of(psi_d, td)
  out$doubly_robust <- list(means = mean_of(beta), difference = diff(mean_of(beta)),
    se = difference(V, td, 1:2, c(-1, 1) * slope_of(beta)))
  out$weights <- list(largest = max(w), effective_share = sum(w)^2 / sum(w^2) / sum(r))
  d$w <- w; d$yv <- yv; d$cl <- cl; d$a <- a
  g <- geeglm(yv ~ a, id = cl, weights = w, family = fam, data = d[r == 1, ])
  out$geepack <- list(coefficients = unname(coef(g)), se = unname(summary(g)$coefficients[, 2]))
  out }
impute <- function(column, how, m) {            # by arm, as mice imputes one column
  found <- matrix(NA, m, 2)
  for (arm in 0:1) {
    part <- data.frame(y = d[[column]], age = d$age, cl = cl)[a == arm, ]
    p <- matrix(0, 3, 3, dimnames = list(names(part), names(part))); p["y", ] <- c(0, 1, -2)
    x <- suppressWarnings(mice(part, m = m, maxit = 1, method = c(how, "", ""), predictorMatrix = p, printFlag = FALSE, seed = arm + 1))
    found[, arm + 1] <- colMeans(as.matrix(x$imp$y)) }
  list(mean = colMeans(found), sd = apply(found, 2, sd), m = m) }
write_json(list(
  software = paste("R", getRversion(), "mice", packageVersion("mice"), "geepack", packageVersion("geepack")),
  continuous = answers(d$y, identity, function(b) c(1, 1)), binary = answers(d$event, plogis, dlogis),
  imputed = list("2l.lmer" = impute("y", "2l.lmer", 200),
                 "2l.bin" = impute("event", "2l.bin", 100))),
  "expected.json", digits = 15, auto_unbox = TRUE, pretty = TRUE)
