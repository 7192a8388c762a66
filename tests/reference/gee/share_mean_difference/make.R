source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
suppressPackageStartupMessages({library(clubSandwich); library(nlme)})
d <- in_order(here_only("share.csv"), "school"); d <- d[!is.na(d$kscore) & d$sex != "", ]
gee <- solve_gee(kscore ~ arm + sex, d, "school", gaussian(), "exchangeable")
fit <- gls(kscore ~ arm + sex, d, correlation = corCompSymm(gee$alpha, ~ 1 | school, fixed = TRUE))
V <- vcovCR(fit, cluster = factor(d$school), type = "CR2")
test <- coef_test(fit, vcov = V, test = "Satterthwaite")["arm", ]
write_expected("clubSandwich::vcovCR (CR2, Satterthwaite) of nlme::gls at geepack's correlation",
               lapply(effect(test$beta, test$SE, test$df_Satt), function(x) replace(x, "rtol", 1e-8)),
               correlation_numbers(gee, measure = "icc"), packages = c("geepack", "clubSandwich", "nlme"))
