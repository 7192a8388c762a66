source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- in_order(awards(), "school_id")
fit <- solve_gee(Bagrut_status ~ treated * immigrant + factor(qrtl), d, "school_id", binomial(), "independence")
V <- covariance(fit, "cr2")
# the log of the risk ratio in a level, everyone there in one arm and then in the other, with its slope
log_ratio <- function(level) {
  rows <- d$immigrant == level
  side <- function(arm) {
    X <- fit$X[rows, ]; X[, "treated"] <- arm; X[, "treated:immigrant"] <- arm * level
    eta <- as.vector(X %*% fit$beta)
    list(mean = mean(plogis(eta)), slope = colMeans(dlogis(eta) * X))
  }
  one <- side(1); zero <- side(0)
  list(value = log(one$mean / zero$mean), slope = one$slope / one$mean - zero$slope / zero$mean)
}
told <- function(q) list(q$value, sqrt(sum(q$slope * (V %*% q$slope))), satterthwaite(fit, "cr2", q$slope), TRUE)
native <- log_ratio(0); immigrant <- log_ratio(1)
numbers <- c(do.call(effect, told(Map(`-`, immigrant, native))), do.call(within_level, c("False", told(native))),
             do.call(within_level, c("True", told(immigrant))))
write_expected("geepack with arm, immigrant and their product; ratio of standardised risk ratios, CR2 and its df from full matrices",
               lapply(numbers, function(one) replace(one, "rtol", 1e-8)), packages = "geepack")
