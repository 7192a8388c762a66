source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- here_only("mkvtrial.csv"); for (f in c("stratum", "agegp", "ethnicgp")) d[[f]] <- factor(d[[f]])
library(lme4)
fit <- suppressWarnings(glmer(know ~ arm + stratum + agegp + ethnicgp + (1 | community), d, family = binomial, nAGQ = 25,
             control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-12, optCtrl = list(rhoend = 1e-9))))
b <- fixef(fit)[["arm"]]
write_expected("lme4::glmer, 25 nodes: the estimate; its standard errors are not those of the joint information",
               list(number("estimate.estimate", exp(b), 1e-5)), packages = "lme4")
