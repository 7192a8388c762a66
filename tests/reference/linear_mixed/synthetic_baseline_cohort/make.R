source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- cohort(); d$C <- about(matrix(d$wave), d$wave == 1)
fit <- tight_fit(y ~ treated + C + (1 | cluster) + (1 | cp) + (1 | person), d)
found <- variance_of(fit); L <- c(0, 1, 0); of <- function(...) as.numeric(found$table$grp %in% c(...))
all <- of("cluster", "cp", "person", "Residual"); value <- function(name) found$value[found$table$grp == name]
write_expected("synthetic trial with a baseline, closed cohort (constrained baseline analysis); lme4 REML, pbkrtest",
  numbers_asked(fit, 0:1, L, "kenward_roger"), named_variances(value("cluster"), value("Residual")),
  term_variance("variance", "cluster_period", value("cp")), term_variance("variance", "participant", value("person")),
  share(found, of("cluster", "cp"), all, "icc_within_period"), share(found, of("person"), all, "variance_share", "participant"),
  packages = versions)
