source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages(library(clubSandwich))
if (!file.exists(file.path(case_folder, "data.csv"))) {  # cbpp of lme4 with an arm made up for this check
  d <- lme4::cbpp
  d$arm <- ifelse(as.integer(as.character(d$herd)) %% 2 == 0, "even", "odd")
  d$block <- ifelse(d$herd == "1", "alone", ifelse(as.integer(as.character(d$herd)) < 8, "low", "high"))
  d$data_origin <- "synthetic"
  write.csv(d, file.path(case_folder, "data.csv"), row.names = FALSE)
}
d <- committed("data.csv"); d$x <- as.numeric(d$arm == "even"); d$herd <- as.character(d$herd)
k <- by_cluster(d, "herd", "incidence", "size", keep = c("x", "block"))
k$p4 <- as.vector(tapply((d$period == 4) * d$size, factor(d$herd, levels = k$id), sum)) / k$n
fit <- lm(m ~ x + block, k)
V <- vcovCR(fit, cluster = k$id, type = "CR2")
test <- coef_test(fit, vcov = V, test = "Satterthwaite")["x", ]
write_expected("clubSandwich::vcovCR(type = 'CR2') where herd 1 is alone in its block (leverage 1), Satterthwaite; the arm is made up", effect(test$beta, test$SE, test$df_Satt), packages = "clubSandwich")
