source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
if (!file.exists(file.path(case_folder, "data.csv"))) {  # the variance between units is estimated as 0
  set.seed(11)
  repeat {
    n <- c(5, 9, 14, 22, 30, 7, 12, 18, 25, 40); unit <- rep(1:10, n)
    d <- data.frame(unit = unit, arm = unit %% 2, x = round(rnorm(sum(n)), 6))
    d$y <- round(3 + 0.3 * d$arm + 0.5 * d$x + rnorm(sum(n)), 6)
    if (getME(mixed(d$y, d$arm, d$unit, centred(d$x)), "theta") == 0) break
  }
  d$data_origin <- "synthetic"
  write.csv(d, file.path(case_folder, "data.csv"), row.names = FALSE)
}
d <- committed("data.csv")
fit <- mixed(d$y, d$arm, d$unit, centred(d$x))
write_expected("synthetic, variance between clusters 0; lme4 REML, lmerTest (Satterthwaite)",
               numbers_of(fit, 0:1, "satterthwaite"), packages = versions)
