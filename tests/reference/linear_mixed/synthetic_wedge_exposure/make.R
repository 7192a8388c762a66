source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "structures.R"))
d <- wedge(); d$C <- periods_of(d, "period")
switch_at <- tapply(ifelse(d$treated == 1, d$period, 99), d$cluster, min)[as.character(d$cluster)]
d$E <- sapply(1:4, function(k) as.numeric(d$period - switch_at + 1 == k & d$treated == 1))
fit <- tight_fit(y ~ E + C + (1 | cluster), d)
L <- c(0, rep(1 / 4, 4), rep(0, 4)); steps <- diag(9)[2:5, ]
each <- lapply(1:4, function(k) {
  found <- asked(fit, steps[k, ], "kenward_roger"); half <- qt(0.975, found[3]) * found[2]
  name <- function(stat) paste0("icc.", stat, "[measure=mean_difference; term=1 - 0, exposure time ", k, "]")
  list(number(name("estimate"), found[1], rtol), number(name("std_error"), found[2], rtol),
       number(name("conf_low"), found[1] - half, 10 * rtol), number(name("conf_high"), found[1] + half, 10 * rtol))
})
write_expected("synthetic stepped wedge, effects by exposure time and their average (TATE); lme4 REML, pbkrtest",
  numbers_asked(fit, 0:1, L, "kenward_roger"), do.call(c, each),
  joint(fit, steps, "exposure times all zero"), joint(fit, steps[2:4, ] - steps[c(1, 1, 1), ], "exposure times all equal"),
  packages = versions)
