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
k$m <- k$events / k$people
fit <- lm(m ~ 0 + factor(x), k); b <- coef(fit); g <- c(-1 / b[1], 1 / b[2])
write_expected("synthetic counts; delta method on arm means of proportions, zeros as they are",
               effect(log(b[2] / b[1]), sqrt(drop(g %*% vcov(fit) %*% g)), 10, log = TRUE))
