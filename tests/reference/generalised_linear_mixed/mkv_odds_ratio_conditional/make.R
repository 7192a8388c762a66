source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- here_only("mkvtrial.csv"); for (f in c("stratum", "agegp", "ethnicgp")) d[[f]] <- factor(d[[f]])
X <- model.matrix(~ arm + stratum + agegp + ethnicgp, d); n <- rep(1, nrow(d))
start <- laplace(know ~ arm + stratum + agegp + ethnicgp + (1 | community), d, binomial())
write_expected("glmmTMB (Laplace), with Newton steps on its own gradient from where it stops",
               conditional_numbers(start, 16), packages = "glmmTMB")
