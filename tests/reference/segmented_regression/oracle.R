# Shared by the cases of segmented_regression and six_methods: the columns of the series that ship, least squares
# with Newey and West's covariance (sandwich), Prais and Winsten by a loop, nlme's gls, and effects by hand.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages({library(sandwich); library(nlme); library(MASS)})
versions <- c("sandwich", "nlme", "MASS")
sales <- function() read.csv(file.path(plans_folder, "data", "prop99", "cigarette_sales.csv"))
california <- function() {
  d <- subset(sales(), area == "California")
  d$time <- d$year - 1989; d$step <- as.numeric(d$time >= 0); d$ramp <- pmax(d$time, 0)
  d
}
belts <- function() {
  d <- read.csv(file.path(plans_folder, "data", "seatbelts", "drivers.csv"))
  d$period <- seq_len(nrow(d)); d$time <- d$period - 170
  d$step <- as.numeric(d$time >= 0); d$ramp <- pmax(d$time, 0)
  d$season <- factor((d$period - 1) %% 12 + 1)
  d$rate <- d$killed_or_injured / d$kms
  d
}
least_squares <- function(X, y) {
  b <- solve(crossprod(X), crossprod(X, y)); e <- as.vector(y - X %*% b)
  list(b = as.vector(b), e = e, V = sum(e^2) / (length(y) - ncol(X)) * solve(crossprod(X)))
}
# Rounds of phi (residuals on the one before, within a series) and whitened least squares; block: the series.
prais <- function(X, y, block = rep(1, length(y))) {
  first <- !duplicated(block); phi <- 0
  white <- function(M, phi) {
    M <- as.matrix(M); lag <- rbind(0, M[-nrow(M), , drop = FALSE])
    out <- M - phi * lag; out[first, ] <- sqrt(1 - phi^2) * M[first, ]
    out
  }
  fit <- least_squares(X, y)
  for (round in 1:2000) {
    e <- as.vector(y - X %*% fit$b); old <- phi
    phi <- sum(e[!first] * e[which(!first) - 1]) / sum(e[which(!first) - 1]^2)
    fit <- least_squares(white(X, phi), as.vector(white(y, phi)))
    if (abs(phi - old) < 1e-14) break
  }
  c(fit, list(phi = phi))
}
# A function of the coefficients with its standard error by the delta method, its gradient by hand.
linear_effect <- function(b, V, weights, df, rtol = 1e-9) effect(sum(weights * b), sqrt(c(weights %*% V %*% weights)), df, rtol = rtol)
log_ratio <- function(b, V, up, down, df, rtol = 1e-9) {
  gradient <- up$slope / up$mean - down$slope / down$mean
  effect(log(up$mean) - log(down$mean), sqrt(c(gradient %*% V %*% gradient)), df, log = TRUE, rtol = rtol)
}
identity_mean <- function(X, w, b) list(mean = sum(w * (X %*% b)), slope = as.vector(w %*% X))
log_mean <- function(X, w, b) { m <- as.vector(exp(X %*% b)); list(mean = sum(w * m), slope = as.vector((w * m) %*% X)) }
normal_effect <- function(estimate, se, rtol = 1e-6) {
  half <- qnorm(0.975) * se
  list(number("estimate.estimate", estimate, rtol), number("estimate.std_error", se, rtol),
       number("estimate.p_value", 2 * pnorm(-abs(estimate / se)), 10 * rtol),
       number("estimate.conf_low", estimate - half, rtol), number("estimate.conf_high", estimate + half, rtol))
}
curve_number <- function(curve, period, value, se, df, level = 0.95, rtol = 1e-9, series = NULL) {
  half <- qt(1 - (1 - level) / 2, df) * se
  name <- function(stat) paste0("counterfactual.", stat, "[curve=", curve, "; period=", period, if (!is.null(series)) paste0("; series=", series), "]")
  list(number(name("estimate"), value, rtol), number(name("conf_low"), value - half, rtol), number(name("conf_high"), value + half, rtol))
}
