source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "fits.R"))
d <- awards()

# mean of arm 0, effect in Arab schools, main effects of the other types, what these add to the effect
type <- model.matrix(~ school_type, d)[, -1]
fit <- mixed(d$Bagrut_status, d$treated, d$school_id, cbind(sweep(type, 2, colMeans(type)), d$treated * type))
ask <- function(L) as.list(asked(fit, L, "kenward_roger"))
last <- ask(c(0, 0, 0, 0, 0, 1))
numbers <- c(do.call(effect, last), do.call(within_level, c("Arab", ask(c(0, 1, 0, 0, 0, 0)))),
             do.call(within_level, c("Religious", ask(c(0, 1, 0, 0, 1, 0)))),
             do.call(within_level, c("Secular", ask(c(0, 1, 0, 0, 0, 1)))))
adjusted <- vcovAdj(fit); L <- diag(6)[5:6, ]
joint <- KRmodcomp(fit, L)$stats
numbers <- c(numbers, interaction_test(joint$Fstat, joint$ndf, joint$ddf, joint$p.value))
numbers <- lapply(numbers, function(one) replace(one, "rtol", if (grepl("p_value", one$name)) 10 * rtol else rtol))
write_expected("lme4 REML, pbkrtest::vcovAdj, Lb_ddf and KRmodcomp: arm, type of school and their product", numbers, packages = versions)
