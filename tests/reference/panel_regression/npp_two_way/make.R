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
suppressPackageStartupMessages({ library(sandwich); library(clubSandwich) })
d <- d[d$time >= -12 & d$time <= 11, ]
fit <- lm(y ~ after + factor(unit) + factor(period), d, weights = denominator)
se <- sqrt(vcovCL(fit, cluster = d$region, type = "HC1", cadjust = TRUE)["after", "after"])
cr2 <- function() {
  test <- coef_test(fit, vcov = vcovCR(fit, cluster = d$region, type = "CR2"), test = "Satterthwaite", coefs = "after")
  half <- qt(0.975, test$df_Satt) * test$SE
  list(se = test$SE, df = test$df_Satt, low = test$beta - half, high = test$beta + half)
}
theirs <- cr2()
# The same with eigenvalues below 1e-8 taken for the zeros that they are, up to rounding: units are whole in a region.
power <- function(x, p, symmetric = TRUE, tol = -8) {
  eig <- eigen(x, symmetric = symmetric)
  eig$vectors %*% (ifelse(eig$values > 10^tol, eig$values^p, 0) * t(eig$vectors))
}
assignInNamespace("matrix_power", power, "clubSandwich")
ours <- cr2()
reason <- "clubSandwich 0.5.8 takes the root of eigenvalues above 1e-12; three that are zero but for rounding are larger, and move the degrees of freedom"
# The weight of each treated cell's own effect: residuals of the indicator on the effects (de Chaisemartin and D'Haultfoeuille)
left <- residuals(lm(after ~ factor(unit) + factor(period), d, weights = denominator)) * d$denominator
w <- left[d$after == 1] / sum(left[d$after == 1])
write_expected(
  "lm(weights = n) with a column for each unit and month, sandwich::vcovCL(type = 'HC1', cadjust = TRUE) by region, t(14); clubSandwich CR2; weights of cells from lm of the indicator",
  effect(coef(fit)[["after"]], se, 14),
  list(number("inference_beside.std_error[inference=cr2]", theirs$se, 1e-8)),
  differs("inference_beside.df[inference=cr2]", theirs$df, ours$df, reason, 1e-8),
  differs("inference_beside.conf_low[inference=cr2]", theirs$low, ours$low, reason, 1e-8),
  differs("inference_beside.conf_high[inference=cr2]", theirs$high, ours$high, reason, 1e-8),
  list(number("panel.n_treated", length(w)), number("panel.n_negative", sum(w < -1e-12)), number("panel.share_negative", mean(w < -1e-12)),
       number("panel.sum_negative", sum(w[w < -1e-12]), 1e-8)),
  packages = c("sandwich", "clubSandwich"))
