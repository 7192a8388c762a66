source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- dickinson()
k <- by_cluster(d, "county", "outcome", keep = "arm")
e <- expected_totals(outcome ~ location + inciis + uptodateonimmunizations + hispanic + incomecat, binomial, d, "county")
why <- "they take clusters - 2 = 14; all five covariates are those of counties, and by our rule (and that of clan) each costs one degree of freedom"
own <- function(estimate, se, df, log) { numbers <- effect(estimate, se, df, log); names(numbers) <- vapply(numbers, function(x) x$name, ""); numbers }
report <- function(fit, log) {
  est <- coef(fit)[["arm"]]; se <- sqrt(vcov(fit)["arm", "arm"])
  theirs <- own(est, se, 14, log); ours <- own(est, se, 9, log)
  both <- unlist(lapply(c("estimate.df", "estimate.p_value", "estimate.conf_low", "estimate.conf_high"), function(x)
    differs(x, theirs[[x]]$value, ours[[x]]$value, why)), recursive = FALSE)
  c(unname(ours), both)
}
k$r <- log(k$y / e)
write_expected("glm without arm, then lm on log(observed / expected)", report(lm(r ~ arm, k), TRUE))
