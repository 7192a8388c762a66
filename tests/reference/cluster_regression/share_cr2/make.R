source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages(library(clubSandwich))
d <- here_only("share.csv")
k <- by_cluster(d, "school", "kscore", keep = "arm")
k$boys <- cluster_means(d$sex == "M", d$school)
fit <- lm(m ~ arm + boys, k)
V <- vcovCR(fit, cluster = k$id, type = "CR2")
test <- coef_test(fit, vcov = V, test = "Satterthwaite")["arm", ]
write_expected("clubSandwich::vcovCR(type = 'CR2'), Satterthwaite", effect(test$beta, test$SE, test$df_Satt), packages = "clubSandwich")
