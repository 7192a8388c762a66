source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages(library(sandwich))
if (!file.exists(file.path(case_folder, "data.csv"))) {  # cbpp of lme4 with an arm made up for this check
  d <- lme4::cbpp
  d$arm <- ifelse(as.integer(as.character(d$herd)) %% 2 == 0, "even", "odd")
  d$late <- as.numeric(as.character(d$period) == "4")
  d$data_origin <- "synthetic"
  write.csv(d, file.path(case_folder, "data.csv"), row.names = FALSE)
}
d <- committed("data.csv"); d$x <- as.numeric(d$arm == "even"); d$herd <- as.character(d$herd)
k <- by_cluster(d, "herd", "incidence", "size", keep = "x")
k$p4 <- as.vector(tapply((d$period == 4) * d$size, factor(d$herd, levels = k$id), sum)) / k$n
fit <- lm(m ~ x + p4, k)
write_expected("sandwich::vcovHC(type = 'HC2'); rows are counts, the covariate's herd mean weighted by animals; the arm is made up",
               effect_of(fit, "x", vcov = vcovHC(fit, "HC2")), packages = "sandwich")
