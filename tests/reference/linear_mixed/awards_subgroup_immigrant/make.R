source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- awards(); about <- function(v) v - mean(v)

# mean of arm 0, effect in natives, main effect of immigrants, what being one adds to the effect, score
fit <- mixed(d$Bagrut_status, d$treated, d$school_id,
             cbind(about(d$immigrant), d$treated * d$immigrant, about(d$lagscore)))
ask <- function(L) as.list(asked(fit, L, "kenward_roger"))
added <- ask(c(0, 0, 0, 1, 0)); native <- ask(c(0, 1, 0, 0, 0)); immigrant <- ask(c(0, 1, 0, 1, 0))
low <- ask(c(1, 0, 0, 0, 0)); high <- ask(c(1, 1, 0, mean(d$immigrant), 0))
numbers <- c(do.call(effect, added), do.call(within_level, c("False", native)), do.call(within_level, c("True", immigrant)),
             do.call(arm_mean, c(0, low)), do.call(arm_mean, c(1, high)))
numbers <- lapply(numbers, function(one) replace(one, "rtol", if (one$name == "estimate.p_value") 10 * rtol else rtol))
write_expected("lme4 REML, pbkrtest::vcovAdj and Lb_ddf: arm, immigrant (of pupils) and their product", numbers, packages = versions)
