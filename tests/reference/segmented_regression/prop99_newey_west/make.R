source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- california()
fit <- lm(packs ~ time + step + ramp, d)
V <- NeweyWest(fit, lag = 1, prewhite = FALSE, adjust = TRUE)
change <- function(term, measure) {
  se <- sqrt(V[term, term]); name <- function(stat) paste0("change.", stat, "[measure=", measure, "; term=with - without]")
  list(number(paste0("change.estimate[measure=", measure, "]"), coef(fit)[[term]]), number(paste0("change.std_error[measure=", measure, "]"), se))
}
x <- c(1, 1995 - 1989, 0, 0); value <- sum(x * coef(fit))
write_expected("lm, sandwich::NeweyWest (lag 1, adjusted)", c(effect_of(fit, "step", vcov = V),
  curve_number("counterfactual", 1995, value, sqrt(c(x %*% V %*% x)), 27)), packages = versions)
