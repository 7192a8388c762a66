source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
source(file.path(case_folder, "..", "pseudo.R"))
k <- cells(here_only("mkvtrial.csv"), "know", c("arm", "stratum", "agegp", "ethnicgp"), "community")
for (f in c("stratum", "agegp", "ethnicgp")) k[[f]] <- factor(k[[f]])
fit <- rspl(model.matrix(~ arm + stratum + agegp + ethnicgp, k), k$.y, k$.n, k$community, binomial())
write_expected("restricted pseudo-likelihood by an R loop with full matrices, scale 1; Kenward-Roger from its formulas",
               c(effect(fit$params[2], fit$kr_se[2], fit$kr_df[2], log = TRUE, rtol = 1e-7),
                 list(number("icc.sd_between_clusters", sqrt(fit$variance), 1e-7))))
