source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- awards(); d$id <- as.character(d$school_id); d$a <- d$treated; d$y <- d$Bagrut_status; d$n <- 1
predicted <- function(d) {
  ids <- unique(d$id); f <- factor(d$id, ids); of <- function(v) as.vector(tapply(v, f, mean))
  k <- data.frame(y = of(d$y), a = of(d$a), x = of(d$lagscore), type = d$school_type[match(ids, d$id)])
  fit <- lm(y ~ a + type + x, k); sapply(0:1, function(arm) predict(fit, set_arm(k, arm)))
}
write_expected("the estimator and its jackknife by a loop, lm of cluster means, shares by stratum",
               robust_numbers(d, predicted, shares(d, d$school_type), "difference", 1, means = TRUE))
