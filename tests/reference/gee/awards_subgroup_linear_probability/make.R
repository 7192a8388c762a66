source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages(library(clubSandwich))
d <- awards()
fit <- lm(Bagrut_status ~ treated * school_type, d)
V <- vcovCR(fit, cluster = d$school_id, type = "CR2")
ask <- function(...) {
  L <- matrix(0, 1, length(coef(fit)), dimnames = list("asked", names(coef(fit)))); L[1, c(...)] <- 1
  found <- linear_contrast(fit, vcov = V, contrasts = L, test = "Satterthwaite")
  list(found$Est, found$SE, found$df)
}
added <- c("treated:school_typeReligious", "treated:school_typeSecular")
joint <- Wald_test(fit, constraints = constrain_zero(added), vcov = V, test = "HTZ")
write_expected("clubSandwich::vcovCR of lm with pupils as rows (type = 'CR2'), Satterthwaite; jointly HTZ",
               do.call(effect, ask(added[2])), do.call(within_level, c("Arab", ask("treated"))),
               do.call(within_level, c("Religious", ask("treated", added[1]))),
               do.call(within_level, c("Secular", ask("treated", added[2]))),
               interaction_test(joint$Fstat, joint$df_num, joint$df_denom, joint$p_val), packages = "clubSandwich")
