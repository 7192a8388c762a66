source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
if (!file.exists(file.path(case_folder, "data.csv"))) {  # synthetic events, alike in all wards of an arm
  d <- data.frame(ward = 1:12, arm = rep(0:1, 6), people = c(20, 30, 40, 20, 30, 40, 20, 30, 40, 20, 30, 40),
                  data_origin = "synthetic")
  d$events <- round(d$people * ifelse(d$arm == 1, 0.2, 0.3))
  write.csv(d, file.path(case_folder, "data.csv"), row.names = FALSE)
}
d <- committed("data.csv")
fit <- glm(cbind(events, people - events) ~ arm, binomial, d, control = glm.control(epsilon = 1e-15))
b <- summary(fit)$coefficients["arm", ]
write_expected("synthetic wards that do not differ, so that the variance between them is 0: glm, with t on clusters - 2",
               c(effect(b[[1]], b[[2]], 10, log = TRUE),
                 list(number("icc.sd_between_clusters", 0), number("fit.log_likelihood", as.numeric(logLik(fit))))))
