source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages(library(clubSandwich))
d <- awards()
k <- by_cluster(d, "school_id", "Bagrut_status", keep = c("treated", "school_type"))
k$lag <- cluster_means(d$lagscore, d$school_id); k$father <- cluster_means(d$father_ed, d$school_id)
fit <- lm(m ~ treated + school_type + lag + father, k, weights = n)
V <- vcovCR(fit, cluster = k$id, type = "CR2", inverse_var = TRUE)
test <- coef_test(fit, vcov = V, test = "Satterthwaite")["treated", ]
write_expected("clubSandwich::vcovCR(type = 'CR2', inverse_var = TRUE) on lm(weights = n), Satterthwaite", effect(test$beta, test$SE, test$df_Satt), packages = "clubSandwich")
