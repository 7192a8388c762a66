source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
d <- committed("data.csv"); d$x <- as.numeric(d$arm == "training")
fit <- solve_gee(falls ~ x + region + age + offset(log(years)), d, "home", poisson(), "exchangeable")
write_expected("synthetic rates, one home without a fall; geepack; Morel-Bokossa-Neerchal from its formula",
               c(marginal_numbers(fit, "x", by_people(d$years), "morel_bokossa_neerchal", 13, "ratio", c("usual", "training")),
                 correlation_numbers(fit, measure = "working_correlation")), packages = "geepack")
