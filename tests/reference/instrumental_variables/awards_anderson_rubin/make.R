source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
others <- cbind(1, d$lagscore)
fit <- two_stage(d$Bagrut_status, d$weakly, d$treated, others); estimate <- fit$coefficients[["received"]]
V <- vcovCR(fit, cluster = d$id, type = "CR2")
write_expected("the values not rejected by vcovCR(type = 'CR2') of y - b received on the arm, by search; synthetic receipt",
               number("estimate.estimate", estimate, 1e-8) |> list(), number("estimate.std_error", sqrt(V[3, 3]), 1e-8) |> list(),
               anderson_rubin(d$Bagrut_status, d$weakly, d$treated, others, d$id, estimate),
               first_stage(d$weakly, d$treated, others, d$id), packages = SOFTWARE)
