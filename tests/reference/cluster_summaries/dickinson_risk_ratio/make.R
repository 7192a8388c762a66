source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- dickinson()
k <- by_cluster(d, "county", "outcome", keep = "arm")
write_expected("lm(log(m) ~ arm) on county proportions", effect_of(lm(log(m) ~ arm, k), "arm", log = TRUE))
