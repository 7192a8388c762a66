source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages({ library(sandwich); library(clubSandwich) })
number_of <- function(month) as.integer(substr(month, 1, 4)) * 12L + as.integer(substr(month, 6, 7)) - 1L
folder <- file.path(plans_folder, "data", "npp")
d <- merge(read.csv(file.path(folder, "unit_months.csv")), subset(read.csv(file.path(folder, "units.csv")), select = -data_origin), by = "unit")
d <- d[d$in_trial == "no", ]
d$period <- number_of(d$month)
d$time <- d$period - number_of(d$start_month)
d <- d[d$time >= -12 & d$time <= 11, ]
d$after <- as.numeric(d$time >= 0)
d$y <- d$numerator / d$denominator
z_effect <- function(estimate, se, rtol = 1e-9) {
  half <- qnorm(0.975) * se
  list(number("estimate.estimate", estimate, rtol), number("estimate.std_error", se, rtol),
       number("estimate.statistic", estimate / se, rtol), number("estimate.p_value", 2 * pnorm(-abs(estimate / se)), 1e-8),
       number("estimate.conf_low", estimate - half, rtol), number("estimate.conf_high", estimate + half, rtol))
}
beside_cr2 <- function(fit, cluster) {
  test <- coef_test(fit, vcov = vcovCR(fit, cluster = cluster, type = "CR2"), test = "Satterthwaite")["after", ]
  half <- qt(0.975, test$df_Satt) * test$SE
  list(number("inference_beside.std_error[inference=cr2]", test$SE, 1e-8),
       number("inference_beside.df[inference=cr2]", test$df_Satt, 1e-7),
       number("inference_beside.conf_low[inference=cr2]", test$beta - half, 1e-8),
       number("inference_beside.conf_high[inference=cr2]", test$beta + half, 1e-8))
}
fit <- lm(y ~ after, d, weights = denominator)
write_expected("lm(weights = n), sandwich::vcovHC(type = 'HC1'), normal reference", z_effect(coef(fit)[["after"]], sqrt(vcovHC(fit, type = "HC1")["after", "after"])), packages = "sandwich")
