source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
if (!file.exists(file.path(case_folder, "data.csv"))) {  # synthetic counts, drawn once
  set.seed(20240501); K <- 12
  d <- data.frame(village = sprintf("V%02d", 1:K), arm = rep(c("control", "net"), K / 2),
                  people = rpois(K, 60) + 20, data_origin = "synthetic")
  d$events <- rbinom(K, d$people, ifelse(d$arm == "net", 0.015, 0.05) * rgamma(K, 4, 4))
  write.csv(d, file.path(case_folder, "data.csv"), row.names = FALSE)
}
k <- committed("data.csv"); k$x <- as.numeric(k$arm == "net")
stopifnot(any(k$events == 0))
# 0.5 to the events of every cluster, nothing to the denominators
k$l <- log((k$events + 0.5) / k$people)
write_expected("synthetic counts; lm(log((events + 0.5) / people) ~ arm)", effect_of(lm(l ~ x, k), "x", log = TRUE))
