source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- cohort(); d$C <- about(matrix(d$wave), d$wave == 1)
fit <- tight_fit(y ~ treated + C + (1 | cluster) + (1 | cp), d)
found <- variance_of(fit); L <- c(0, 1, 0); of <- function(...) as.numeric(found$table$grp %in% c(...))
all <- of("cluster", "cp", "Residual"); value <- function(name) found$value[found$table$grp == name]
write_expected("synthetic trial with a baseline, people taken as cross-sections (constrained baseline analysis); lme4 REML, pbkrtest",
  numbers_asked(fit, 0:1, L, "kenward_roger"), named_variances(value("cluster"), value("Residual")),
  term_variance("variance", "cluster_period", value("cp")),
  share(found, of("cluster"), of("cluster", "cp"), "cluster_autocorrelation"), packages = versions)
