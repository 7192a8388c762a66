source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages(library(clubSandwich))
d <- awards()
k <- by_cluster(d, "school_id", "Bagrut_status", keep = c("treated", "school_type"))
k$lag <- cluster_means(d$lagscore, d$school_id)
fit <- lm(m ~ treated * school_type + lag, k)
V <- vcovCR(fit, cluster = k$id, type = "CR2")
ask <- function(...) {
  L <- matrix(0, 1, length(coef(fit)), dimnames = list("asked", names(coef(fit)))); L[1, c(...)] <- 1
  found <- linear_contrast(fit, vcov = V, contrasts = L, test = "Satterthwaite")
  list(found$Est, found$SE, found$df)
}
added <- c("treated:school_typeReligious", "treated:school_typeSecular")
joint <- Wald_test(fit, constraints = constrain_zero(added), vcov = V, test = "HTZ")
write_expected("clubSandwich::vcovCR(type = 'CR2') of arm, type of school and their product, Satterthwaite; jointly HTZ",
               do.call(effect, ask(added[2])), do.call(within_level, c("Arab", ask("treated"))),
               do.call(within_level, c("Religious", ask("treated", added[1]))),
               do.call(within_level, c("Secular", ask("treated", added[2]))),
               interaction_test(joint$Fstat, joint$df_num, joint$df_denom, joint$p_val), packages = "clubSandwich")
