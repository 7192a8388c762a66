source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); d$C <- cbind(periods_of(d, "period"), about(cbind(d$x, dummies(d$stage)), d$period > 1))
fit <- tight_fit(y ~ treated + C + (1 | cluster) + (0 + treated | cluster) + (0 + x | cluster) + (1 | cp), d)
table <- as.data.frame(VarCorr(fit)); L <- as.numeric(seq_along(fixef(fit)) == 2)
of <- function(var, grp = "cluster") table$vcov[grepl(grp, table$grp) & table$var1 %in% var]
write_expected("synthetic stepped wedge, independent slopes of arm and x beside cluster-periods; lme4 REML, lmerTest",
  numbers_asked(fit, 0:1, L, "satterthwaite"),
  term_variance("variance", "cluster: arm", of("treated")), term_variance("variance", "cluster: x", of("x")),
  term_variance("variance", "cluster_period", of("(Intercept)", "cp")), packages = versions)
