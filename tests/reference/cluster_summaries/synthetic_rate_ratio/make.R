source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
if (!file.exists(file.path(case_folder, "data.csv"))) {  # synthetic falls and person-years, drawn once
  set.seed(20240502); K <- 14
  u <- rgamma(K, 8, 8); row <- rep(1:K, each = 6)
  d <- data.frame(home = sprintf("H%02d", row), arm = rep(c("usual", "training"), K / 2)[row],
                  region = rep(c("north", "north", "south", "south"), length.out = K)[row],
                  age = rep(c(70, 80, 90), 2 * K), years = round(runif(6 * K, 5, 30), 2), data_origin = "synthetic")
  d$falls <- rpois(6 * K, d$years * 0.9 * u[row] * ifelse(d$arm == "training", 0.7, 1) * exp((d$age - 80) / 40))
  write.csv(d, file.path(case_folder, "data.csv"), row.names = FALSE)
}
d <- committed("data.csv"); d$x <- as.numeric(d$arm == "training")
k <- by_cluster(d, "home", "falls", "years", keep = c("x", "region"))
write_expected("synthetic rates; lm(log(rate) ~ arm)", effect_of(lm(log(m) ~ x, k), "x", log = TRUE))
