source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
suppressPackageStartupMessages(library(geepack))
d <- transform(awards(), id = as.character(school_id), a = treated, y = Bagrut_status, n = 1)
predicted <- function(d) {
  d$number <- match(d$id, unique(d$id)); d <- d[order(d$number), ]
  fit <- geeglm(y ~ a + lagscore, family = binomial(), data = d, id = number, corstr = "exchangeable",
                control = geese.control(epsilon = 1e-13, maxit = 500))
  in_arms(fit, d)
}
d <- d[order(match(d$id, unique(d$id))), ]
pi <- setNames(rep(0.5, length(unique(d$id))), unique(d$id))
write_expected("the estimator and its jackknife (type 2, clusters - 1) by a loop, geeglm (exchangeable)",
               robust_numbers(d, predicted, pi, "odds", 2, type = 2, spent = 1), packages = "geepack")
