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
d$binned <- factor(pmax(pmin(d$time, 12), -8))
d$binned <- relevel(d$binned, ref = "-1")
fit <- lm(y ~ binned + factor(unit) + factor(period), d)
V <- vcovCL(fit, cluster = d$region, type = "HC1", cadjust = TRUE)
inside <- table(factor(d$time[d$time >= 0 & d$time <= 11], levels = 0:11))
weights <- as.vector(inside) / sum(inside)
names <- paste0("binned", 0:11)
of_time <- function(time, label) {
  b <- coef(fit)[[paste0("binned", time)]]; se <- sqrt(V[paste0("binned", time), paste0("binned", time)]); half <- qt(0.975, 14) * se
  name <- function(stat) paste0("panel.", stat, "[time=", label, "]")
  list(number(name("estimate"), b, 1e-8), number(name("std_error"), se, 1e-8), number(name("conf_low"), b - half, 1e-8), number(name("conf_high"), b + half, 1e-8),
       number(name("n_units"), length(unique(d$unit[as.character(d$binned) == as.character(time)]))))
}
leads <- paste0("binned", -8:-2)
F <- as.vector(coef(fit)[leads] %*% solve(V[leads, leads], coef(fit)[leads])) / length(leads)
write_expected("lm with a column for each unit, month and time since the start but the one before it, ends binned, sandwich::vcovCL(type = 'HC1', cadjust = TRUE) by region, t(14); Wald's F of the leads",
  effect(sum(weights * coef(fit)[names]), sqrt(as.vector(weights %*% V[names, names] %*% weights)), 14, rtol = 1e-8),
  of_time(-8, "-8 or earlier"), of_time(-2, "-2"), of_time(0, "0"), of_time(7, "7"), of_time(12, "12 or later"),
  list(number("panel.statistic[test=leads]", F, 1e-7), number("panel.df1[test=leads]", length(leads)), number("panel.df2[test=leads]", 14),
       number("panel.p_value[test=leads]", pf(F, length(leads), 14, lower.tail = FALSE), 1e-6)),
  packages = "sandwich")
