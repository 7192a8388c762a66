source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- committed("data.csv"); d$id <- d$home; d$a <- as.numeric(d$arm == "training"); d$y <- d$falls; d$n <- d$years
predicted <- function(d) {
  fit <- glm(y ~ a + region + age, poisson, d, offset = log(n), control = glm.control(epsilon = 1e-14, maxit = 100))
  d$n <- 1; in_arms(fit, d)
}
write_expected("synthetic rates, one home without a fall; the estimator and its jackknife by a loop, Poisson glm",
               robust_numbers(d, predicted, shares(d, d$region), "ratio", 2, arms = c("usual", "training")))
