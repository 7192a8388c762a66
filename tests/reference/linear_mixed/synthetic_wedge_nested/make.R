source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); d$C <- periods_of(d, "period")
fit <- tight_fit(y ~ treated + C + (1 | cluster) + (1 | cp), d)
found <- variance_of(fit); L <- as.numeric(seq_along(fixef(fit)) == 2)
of <- function(...) as.numeric(found$table$grp %in% c(...)); all <- of("cluster", "cp", "Residual")
value <- function(name) found$value[found$table$grp == name]
write_expected("synthetic stepped wedge, cluster and cluster-period effects; lme4 REML, pbkrtest",
  numbers_asked(fit, 0:1, L, "kenward_roger"), named_variances(value("cluster"), value("Residual")),
  term_variance("variance", "cluster_period", value("cp")),
  share(found, of("cluster", "cp"), all, "icc_within_period"), share(found, of("cluster"), all, "icc_between_periods"),
  share(found, of("cluster"), of("cluster", "cp"), "cluster_autocorrelation"),
  share(found, of("cp"), all, "variance_share", "cluster-period"), share(found, of("Residual"), all, "variance_share", "residual"),
  predicted(fit, 1:10), packages = versions)
