source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- in_order(awards(), "school_id")
fit <- solve_gee(Bagrut_status ~ treated + school_type, d, "school_id", binomial(), "independence")
write_expected("geepack (independence); Kauermann-Carroll and the delta method from full matrices",
               marginal_numbers(fit, "treated", by_people(rep(1, nrow(d))), "kauermann_carroll", 30, "difference"),
               packages = "geepack")
