# Two-stage least squares by matrices, and clubSandwich's vcovCR for ivreg put to it: an object of class ivreg with
# what vcovCR asks of one (AER is not needed). X has what was received last, Z the arm; rows are multiplied by the
# root of their weight, so that the identity target of clubSandwich is a variance of 1 / weight.
suppressPackageStartupMessages(library(clubSandwich))
model.matrix.ivreg <- function(object, component = "projected", ...) object$projected
bread.ivreg <- function(x, ...) x$cov.unscaled * x$nobs
coef.ivreg <- function(object, ...) object$coefficients
residuals.ivreg <- function(object, ...) object$residuals
nobs.ivreg <- function(object, ...) object$nobs
numbered <- function(others) { colnames(others) <- paste0("x", seq_len(ncol(others))); others }
two_stage <- function(y, received, arm, others, w = rep(1, length(y))) {
  others <- numbered(others)
  y <- y * sqrt(w); X <- cbind(others, received = received) * sqrt(w); Z <- cbind(others, received = arm) * sqrt(w)
  P <- Z %*% solve(crossprod(Z), crossprod(Z, X)); b <- solve(crossprod(P, X), crossprod(P, y))
  structure(list(coefficients = setNames(drop(b), colnames(X)), residuals = drop(y - X %*% b), projected = P,
                 nobs = length(y), n = length(y), cov.unscaled = solve(crossprod(P)), weights = NULL,
                 df.residual = length(y) - ncol(X)), class = "ivreg")
}
# The same covariance with no package: sum over clusters of (M P_k' (I - H_k)^-1/2 e_k)^2.
cr2_by_hand <- function(fit, id) {
  M <- fit$cov.unscaled; out <- 0
  for (k in unique(id)) {
    P <- fit$projected[id == k, , drop = FALSE]; S <- eigen(diag(nrow(P)) - P %*% M %*% t(P), symmetric = TRUE)
    root <- ifelse(S$values > 1e-10, 1 / sqrt(abs(S$values)), 0)
    A <- S$vectors %*% (root * t(S$vectors)); out <- out + tcrossprod(M %*% t(P) %*% A %*% fit$residuals[id == k])
  }
  out
}
cace <- function(fit, id, type = "CR2", df = NULL) {
  V <- vcovCR(fit, cluster = id, type = type); last <- length(fit$coefficients)
  if (type == "CR2") stopifnot(all.equal(as.matrix(V)[last, last], cr2_by_hand(fit, id)[last, last], tolerance = 1e-8))
  if (is.null(df)) df <- coef_test(fit, vcov = V, test = "Satterthwaite")$df[last]
  effect(fit$coefficients[[last]], sqrt(V[last, last]), df, rtol = 1e-8)
}
# A regression of anything on the arm with clubSandwich: coefficient of the arm, its standard error and df.
on_arm <- function(v, arm, others, id, w = rep(1, length(v)), type = "CR2", df = NULL) {
  Z <- cbind(numbered(others), arm = arm) * sqrt(w); fit <- lm(v * sqrt(w) ~ 0 + Z)
  V <- vcovCR(fit, cluster = id, type = type); last <- ncol(Z)
  if (is.null(df)) df <- coef_test(fit, vcov = V, test = "Satterthwaite")$df[last]
  c(coef(fit)[[last]], sqrt(V[last, last]), df)
}
first_stage <- function(received, arm, others, id, w = rep(1, length(arm)), type = "CR2", df = NULL) {
  found <- on_arm(received, arm, others, id, w, type, df); half <- qt(0.975, found[3]) * found[2]
  named <- function(name, value) number(paste0("first_stage.", name), value, 1e-8)
  list(named("estimate", found[1]), named("std_error", found[2]), named("conf_low", found[1] - half),
       named("conf_high", found[1] + half), named("f_statistic", (found[1] / found[2])^2), named("df2", found[3]))
}
# Effects b for which y - b received does not differ between the arms, by search: no closed form here.
anderson_rubin <- function(y, received, arm, others, id, estimate, w = rep(1, length(y)), type = "CR2", df = NULL) {
  beyond <- function(b) {
    found <- on_arm(y - b * received, arm, others, id, w, type, df)
    abs(found[1] / found[2]) - qt(0.975, found[3])
  }
  far <- function(side) {
    step <- 0.01 * max(abs(estimate), 1e-3)
    while (beyond(estimate + side * step) < 0) step <- 1.5 * step
    sort(c(estimate, estimate + side * step))
  }
  end <- function(side) uniroot(beyond, far(side), tol = 1e-14)$root
  at_none <- on_arm(y, arm, others, id, w, type, df); t <- at_none[1] / at_none[2]
  list(number("estimate.statistic", t, 1e-8), number("estimate.df", at_none[3], 1e-8),
       number("estimate.p_value", 2 * pt(-abs(t), at_none[3]), 1e-8),
       number("estimate.conf_low", end(-1), 1e-7), number("estimate.conf_high", end(1), 1e-7))
}
d <- read.csv(file.path(case_folder, "..", "achievement_awards_receipt", "awards_received.csv"))
d$id <- as.character(d$school_id)
mean_of <- function(column, d) as.vector(tapply(d[[column]], factor(d$id, levels = unique(d$id)), mean))
schools <- function(d, columns) {
  first <- !duplicated(d$id)
  out <- d[first, c("id", "pair", "treated", "school_type")]; out$n <- as.vector(table(factor(d$id, levels = out$id)))
  for (column in columns) out[[column]] <- mean_of(column, d)
  out
}
columns <- c("Bagrut_status", "lagscore", "received", "weakly", "hours")
SOFTWARE <- "clubSandwich"
