source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- regions(); d$region <- factor(d$region)
fit <- tight_fit(y ~ arm + (1 | region) + (1 | unit), d)
found <- variance_of(fit); L <- c(0, 1); of <- function(...) as.numeric(found$table$grp %in% c(...))
all <- of("region", "unit", "Residual"); value <- function(name) found$value[found$table$grp == name]
write_expected("synthetic parallel trial, units within regions; lme4 REML, pbkrtest",
  numbers_asked(fit, 0:1, L, "kenward_roger"), named_variances(value("unit"), value("Residual")),
  term_variance("variance", "region", value("region")), share(found, of("region", "unit"), all, "icc"),
  share(found, of("region"), all, "variance_share", "region"), predicted(fit, 1:18, "unit"), packages = versions)
