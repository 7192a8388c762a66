source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- in_order(awards(), "school_id")
fit <- solve_gee(Bagrut_status ~ treated + lagscore, d, "school_id", poisson("log"), "independence")
stopped <- suppressWarnings(glm(Bagrut_status ~ treated + lagscore, binomial("log"), d, start = c(-3, 0, 0)))
if (stopped$converged && !stopped$boundary) stop("the log-binomial model converged")
write_expected("modified Poisson regression by geepack, glm saying that the log-binomial model has no solution; Liang-Zeger",
               marginal_numbers(fit, "treated", by_people(rep(1, nrow(d))), "liang_zeger", 31, "ratio"), packages = "geepack")
