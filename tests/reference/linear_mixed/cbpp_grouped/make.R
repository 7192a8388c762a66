source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- committed("data.csv")  # cbpp of lme4 with an arm made up for this check, as in cluster_regression
animal <- function(v) rep(v, d$size)
y <- unlist(mapply(function(cases, n) rep(c(1, 0), c(cases, n - cases)), d$incidence, d$size))
fit <- mixed(y, animal(as.numeric(d$arm == "even")), animal(d$herd), centred(animal(d$late)))
write_expected("lme4 REML on one row an animal, pbkrtest::vcovAdj and Lb_ddf; rows are counts, the arm is made up",
               numbers_of(fit, c("odd", "even"), "kenward_roger"), packages = versions)
