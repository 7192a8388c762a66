source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
number_of <- function(month) as.integer(substr(month, 1, 4)) * 12L + as.integer(substr(month, 6, 7)) - 1L
folder <- file.path(plans_folder, "data", "npp")
d <- merge(read.csv(file.path(folder, "unit_months.csv")), subset(read.csv(file.path(folder, "units.csv")), select = -data_origin), by = "unit")
d <- d[d$in_trial == "no", ]
d$period <- number_of(d$month)
d$time <- d$period - number_of(d$start_month)
d$after <- as.numeric(d$time >= 0)
d$y <- d$numerator / d$denominator
d <- d[order(d$unit, d$period), ]
suppressPackageStartupMessages(library(sandwich))
# Borusyak, Jaravel and Spiess (2024): fit cells before the start, impute the others, average; the variance is eq. 7 with averages by start and time.
d$u <- factor(d$unit); d$p <- factor(d$period)
before <- d[d$after == 0, ]
known <- d$after == 1 & d$period %in% before$period & d$unit %in% before$unit
X <- model.matrix(~ 0 + u + p, d)
X0 <- X[d$after == 0, ]; keep <- qr(sqrt(before$denominator) * X0)$pivot[seq_len(qr(sqrt(before$denominator) * X0)$rank)]
fit0 <- lm.wfit(X0[, keep], before$y, before$denominator)
d$effect <- d$y - as.vector(X[, keep] %*% fit0$coefficients)
d$left <- d$effect
average <- function(mask) {
  v <- numeric(nrow(d)); v[mask] <- d$denominator[mask] / sum(d$denominator[mask])
  G <- solve(crossprod(X0[, keep] * before$denominator, X0[, keep]))
  v[d$after == 0] <- -as.vector((before$denominator * X0[, keep]) %*% (G %*% crossprod(X[mask, keep], v[mask])))
  left <- d$effect
  group <- paste(d$start_month, d$time)
  for (g in unique(group[mask])) {
    rows <- which(mask & group == g)
    by <- tapply(v[rows], d$region[rows], sum); valued <- tapply(v[rows] * d$effect[rows], d$region[rows], sum)
    left[rows] <- d$effect[rows] - sum(by * valued) / sum(by^2)
  }
  used <- mask | d$after == 0
  c(sum(v * d$y), sqrt(sum(tapply(v[used] * left[used], d$region[used], sum)^2)))
}
whole <- average(known & d$time <= 8)
half <- qnorm(0.975) * whole[2]
of_time <- function(time) {
  found <- average(known & d$time == time)
  name <- function(stat) paste0("panel.", stat, "[time=", time, "]")
  list(number(name("estimate"), found[1], 1e-8), number(name("std_error"), found[2], 1e-7))
}
# Leads: in the cells before the start alone, against all times before the sixth.
for (h in 1:6) before[[paste0("lead", h)]] <- as.numeric(before$time == -h)
leads <- lm(y ~ lead1 + lead2 + lead3 + lead4 + lead5 + lead6 + u + p, droplevels(before), weights = denominator)
V <- vcovCL(leads, cluster = before$region, type = "HC1", cadjust = TRUE)
of_lead <- function(h) {
  name <- function(stat) paste0("panel.", stat, "[time=-", h, "]")
  list(number(name("estimate"), coef(leads)[[paste0("lead", h)]], 1e-8), number(name("std_error"), sqrt(V[paste0("lead", h), paste0("lead", h)]), 1e-8))
}
write_expected("lm.wfit of cells before the start with a column for each unit and month, predicted for the others; the variance of Borusyak, Jaravel and Spiess written out cell by cell; leads by lm and sandwich::vcovCL",
  list(number("estimate.estimate", whole[1], 1e-8), number("estimate.std_error", whole[2], 1e-7), number("estimate.conf_low", whole[1] - half, 1e-7),
       number("estimate.conf_high", whole[1] + half, 1e-7), number("panel.n_asked", sum(d$time >= 0 & d$time <= 8)),
       number("panel.n_unidentified", sum(d$time >= 0 & d$time <= 8 & !known))),
  of_time(0), of_time(5), of_lead(1), of_lead(6), packages = "sandwich")
