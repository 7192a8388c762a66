source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
source(file.path(case_folder, "..", "pseudo.R"))
if (!file.exists(file.path(case_folder, "data.csv"))) {  # synthetic falls and person-years, drawn once
  set.seed(20261101); K <- 16
  u <- rnorm(K, 0, 0.5); row <- rep(1:K, each = 6)
  d <- data.frame(home = sprintf("H%02d", row), arm = rep(c("usual", "training"), K / 2)[row],
                  region = rep(c("north", "north", "south", "south"), length.out = K)[row],
                  age = rep(c(70, 80, 90), 2 * K), years = round(runif(6 * K, 2, 30), 2), data_origin = "synthetic")
  d$falls <- rpois(6 * K, d$years * 0.5 * exp(u[row]) * ifelse(d$arm == "training", 0.7, 1) * exp((d$age - 80) / 40))
  d$falls[d$home == "H05"] <- 0
  write.csv(d, file.path(case_folder, "data.csv"), row.names = FALSE)
}
d <- committed("data.csv"); d$x <- as.numeric(d$arm == "training"); X <- model.matrix(~ x + region + age, d)
fit <- rspl(X, d$falls, d$years, d$home, poisson())
write_expected("synthetic rates; restricted pseudo-likelihood by an R loop with full matrices, scale 1; Kenward-Roger from its formulas",
               effect(fit$params[2], fit$kr_se[2], fit$kr_df[2], log = TRUE, rtol = 1e-7))
