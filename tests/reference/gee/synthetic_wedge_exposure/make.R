source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "over_periods.R"))
d <- wedge(); late <- people_compared(d)
d$exposure <- ave(d$treated * d$period, d$cluster, FUN = function(v) { s <- suppressWarnings(min(v[v > 0])); pmax(0, v - s + 1) * (v > 0) })
times <- sort(unique(d$exposure[d$exposure > 0])); for (s in times) d[[paste0("e", s)]] <- as.numeric(d$exposure == s)
formula <- reformulate(c(paste0("e", times), "factor(period)"), "y")
fit <- solve_gee(formula, d, "cluster", gaussian(), "independence")
at <- function(x) { L <- numeric(ncol(fit$X)); names(L) <- colnames(fit$X); L[names(x)] <- x; L }
average <- at(setNames(rep(1 / length(times), length(times)), paste0("e", times)))
V <- covariance(fit, "kauermann_carroll"); shown <- function(L) c(sum(L * fit$beta), sqrt(sum(L * (V %*% L))))
base <- as.vector(late %*% fit$X); names(base) <- colnames(fit$X); base[paste0("e", times)] <- 0
each <- do.call(c, lapply(times, function(s) {
  found <- shown(at(setNames(1, paste0("e", s)))); name <- function(stat) paste0("icc.", stat, "[measure=mean_difference; term=1 - 0, exposure time ", s, "]")
  list(number(name("estimate"), found[1], 1e-8), number(name("std_error"), found[2], 1e-8))
}))
m <- shown(average); zero <- shown(base); one <- shown(base + average)
write_expected("geepack (independence); the average over exposure times, Kauermann-Carroll from full matrices",
               effect(m[1], m[2], 10 - 2, rtol = 1e-8), each, arm_mean("0", zero[1], zero[2], 10 - 2), arm_mean("1", one[1], one[2], 10 - 2),
               packages = "geepack")
