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
fit <- lm(y ~ after + factor(unit) + factor(period), d, weights = denominator)
periods <- length(unique(d$period))
lag <- floor(4 * (periods / 100)^(2 / 9))
se <- sqrt(vcovPL(fit, cluster = d$unit, order.by = d$period, kernel = "Bartlett", lag = lag, adjust = TRUE, aggregate = TRUE)["after", "after"])
write_expected("lm(weights = n) with a column for each unit and month, sandwich::vcovPL(aggregate = TRUE), Bartlett's weights, lag of the rule of thumb",
  effect(coef(fit)[["after"]], se, periods - 1, rtol = 1e-8), list(number("fit.lag", lag)), packages = "sandwich")
