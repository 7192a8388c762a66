source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
suppressPackageStartupMessages(library(clubSandwich))
d <- in_order(here_only("mkvtrial.csv"), "community"); d$stratum <- factor(d$stratum); d$agegp <- factor(d$agegp)
fit <- lm(know ~ arm + stratum + agegp + ethnicgp, d)
V <- vcovCR(fit, cluster = d$community, type = "CR2")
test <- coef_test(fit, vcov = V, test = "Satterthwaite")["arm", ]
write_expected("clubSandwich::vcovCR of lm with individuals as rows (type = 'CR2'), Satterthwaite",
               effect(test$beta, test$SE, test$df_Satt), packages = "clubSandwich")
