source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- with_cluster_means(transform(awards(), id = as.character(school_id), a = treated, y = Bagrut_status, n = 1),
                        "lagscore")
predicted <- function(d) {
  in_arms(glm(y ~ a + lagscore + mean_lagscore, binomial, d, control = glm.control(epsilon = 1e-14, maxit = 100)), d)
}
write_expected("the estimator and its jackknife (type 3) by a loop, glm with cluster means of a covariate",
               robust_numbers(d, predicted, shares(d), "ratio", 2, type = 3))
