source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); d$C <- cbind(periods_of(d, "period"), about(cbind(d$x, dummies(d$stage)), d$period > 1))
fit <- tight_fit(y ~ treated + C + (1 | cluster), d)
found <- variance_of(fit); L <- as.numeric(seq_along(fixef(fit)) == 2)
stage <- diag(length(L))[(length(L) - 1):length(L), ]
write_expected("synthetic stepped wedge (Hussey and Hughes); lme4 REML, pbkrtest",
  numbers_asked(fit, 0:1, L, "kenward_roger"), named_variances(found$value[1], found$value[2]),
  share(found, c(1, 0), c(1, 1), "icc"), predicted(fit, 1:10), joint(fit, stage, "stage"), packages = versions)
