source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- awards()
k <- by_cluster(d, "school_id", "Bagrut_status", keep = "treated")
k$r <- (k$y - expected_totals(Bagrut_status ~ school_type + lagscore, binomial, d, "school_id")) / k$n
fit <- lm(r ~ treated, k); types <- length(unique(d$school_type)) - 1
write_expected("glm without arm, then lm on difference residuals; school type is a cluster-level covariate and costs df",
               effect_of(fit, "treated", df = 32 - types),
               differs("estimate.df", df.residual(fit), 32 - types, "a t-test on the residuals takes clusters - 2; by our rule (and that of clan) each cluster-level parameter of stage one costs one more"))
