source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- in_order(awards(), "school_id"); share <- by_clusters(rep(1, nrow(d)), d$school_id)
fit <- solve_gee(Bagrut_status ~ treated + factor(qrtl), d, "school_id", binomial(), "independence", share / mean(share))
write_expected("geepack with inverse school sizes as weights; CR2, its df and the delta method from full matrices",
               marginal_numbers(fit, "treated", share, "cr2", function(c) satterthwaite(fit, "cr2", c), "ratio"),
               packages = "geepack")
