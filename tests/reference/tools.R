# Shared by every make.R: where the data are, one row a cluster, and how expected.json is written.
#   Rscript tests/reference/<method>/<case>/make.R [folder of the data that do not ship]
suppressPackageStartupMessages(library(jsonlite))
args <- commandArgs(trailingOnly = FALSE)
case_folder <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
given <- commandArgs(trailingOnly = TRUE)
data_folder <- if (length(given)) given[1] else Sys.getenv("PRECEPT_DATA")
plans_folder <- file.path(case_folder, "..", "..", "..", "..", "analysis_plans")
options(contrasts = c("contr.treatment", "contr.poly"), digits = 17)

here_only <- function(file) read.csv(file.path(data_folder, file))
committed <- function(file) read.csv(file.path(case_folder, file))
awards <- function() {
  read.csv(file.path(plans_folder, "data", "achievement_awards", "achievement_awards_girls2001.csv"))
}
dickinson <- function() {
  d <- here_only("sim_dickinson.csv")
  schemes <- as.matrix(here_only("sim_dickinson_allocations.csv"))
  d$arm <- as.vector(schemes[schemes[, 1] == 1, -1])[d$county]
  d
}

dickinson_schemes <- function() unname(as.matrix(here_only("sim_dickinson_allocations.csv"))[, -1])

# One row a cluster: total y, denominator n, summary m, and the first value of columns constant within it.
by_cluster <- function(d, cluster, y, size = NULL, keep = character()) {
  g <- factor(d[[cluster]], levels = unique(d[[cluster]]))
  n <- if (is.null(size)) as.vector(table(g)) else as.vector(tapply(d[[size]], g, sum))
  out <- data.frame(id = levels(g), y = as.vector(tapply(d[[y]], g, sum)), n = n)
  out$m <- out$y / out$n
  for (k in keep) out[[k]] <- as.vector(tapply(d[[k]], g, function(v) v[1]))
  out
}
cluster_means <- function(values, cluster) as.vector(tapply(values, factor(cluster, levels = unique(cluster)), mean))

# Stage one of the two-stage analysis: expected totals by cluster from a model without the arm.
expected_totals <- function(formula, family, d, cluster) {
  fit <- glm(formula, family = family, data = d, control = glm.control(epsilon = 1e-15, maxit = 100))
  as.vector(tapply(fitted(fit), factor(d[[cluster]], levels = unique(d[[cluster]])), sum))
}

number <- function(name, value, rtol = 1e-9) list(name = name, value = unname(value), rtol = rtol)

# An effect with its t interval; with log, estimate and se are on the log scale.
effect <- function(estimate, se, df, log = FALSE, level = 0.95, rtol = 1e-9) {
  back <- if (log) exp else identity
  half <- qt(1 - (1 - level) / 2, df) * se
  t <- estimate / se
  list(
    number("estimate.estimate", back(estimate), rtol), number("estimate.std_error", se, rtol),
    number("estimate.statistic", t, rtol), number("estimate.df", df, rtol),
    number("estimate.p_value", 2 * pt(-abs(t), df), rtol),
    number("estimate.conf_low", back(estimate - half), rtol),
    number("estimate.conf_high", back(estimate + half), rtol)
  )
}
effect_of <- function(fit, term, df = df.residual(fit), log = FALSE, vcov = stats::vcov(fit)) {
  effect(coef(fit)[[term]], sqrt(vcov[term, term]), df, log)
}
arm_mean <- function(arm, estimate, se, df, level = 0.95, back = identity) {
  half <- qt(1 - (1 - level) / 2, df) * se
  name <- function(stat) paste0("arm_summary.", stat, "[arm=", arm, "]")
  list(
    number(name("estimate"), back(estimate)), number(name("std_error"), se),
    number(name("conf_low"), back(estimate - half)), number(name("conf_high"), back(estimate + half))
  )
}
# The effect within a level of a subgroup: an interval and no p; with log, estimate and se are on the log scale.
within_level <- function(level, estimate, se, df, log = FALSE, rtol = 1e-9) {
  back <- if (log) exp else identity
  half <- qt(0.975, df) * se
  name <- function(stat) paste0("subgroup.", stat, "[subgroup=", level, "]")
  list(number(name("estimate"), back(estimate), rtol), number(name("std_error"), se, rtol),
       number(name("conf_low"), back(estimate - half), rtol), number(name("conf_high"), back(estimate + half), rtol))
}
interaction_test <- function(statistic, df1, df2, p, rtol = 1e-9) {
  list(number("joint_test.statistic", statistic, rtol), number("joint_test.df1", df1),
       number("joint_test.df2", df2, rtol), number("joint_test.p_value", p, rtol))
}

# Every allocation (one a row) that keeps the number of clusters in arm 1 of every block.
every_allocation <- function(arm, block = rep(1, length(arm))) {
  Z <- matrix(0, 1, length(arm))
  for (b in unique(block)) {
    i <- which(block == b)
    chosen <- combn(length(i), sum(arm[i]))
    part <- matrix(0, ncol(chosen), length(arm))
    for (row in seq_len(ncol(chosen))) part[row, i[chosen[, row]]] <- 1
    Z <- Z[rep(seq_len(nrow(Z)), each = nrow(part)), , drop = FALSE] +
      part[rep(seq_len(nrow(part)), times = nrow(Z)), , drop = FALSE]
  }
  Z
}
# The coefficient of every allocation in weighted least squares of v on it and the blocks.
coefficients_over <- function(Z, w, block) {
  B <- if (length(unique(block)) > 1) model.matrix(~ factor(block)) else matrix(1, length(w))
  left <- t(lm.wfit(B, t(Z), w)$residuals)
  size <- as.vector((left * Z) %*% w)
  function(v) as.vector((left %*% (w * v)) / size)
}
# Neyman's variance of the coefficient (w = 1): Welch's within blocks, blocks weighted by c1 c0 / c.
neyman_over <- function(Z, block) function(v) {
  total <- 0; weights <- 0
  for (b in unique(block)) {
    i <- which(block == b); z <- Z[, i, drop = FALSE]; n1 <- rowSums(z); n0 <- length(i) - n1
    m1 <- as.vector(z %*% v[i]) / n1; m0 <- as.vector((1 - z) %*% v[i]) / n0
    s1 <- rowSums(z * outer(-m1, v[i], "+")^2) / (n1 - 1); s0 <- rowSums((1 - z) * outer(-m0, v[i], "+")^2) / (n0 - 1)
    k <- n1 * n0 / length(i)
    total <- total + k^2 * (s1 / n1 + s0 / n0); weights <- weights + k
  }
  total / weights^2
}
# The randomisation test over all allocations, its p as a function of a shift, and where p reaches 1 - level.
randomisation <- function(v, arm, block = rep(1, length(v)), w = rep(1, length(v)), studentised = FALSE, level = 0.95,
                          Z = every_allocation(arm, block)) {
  used <- which(rowSums(Z != matrix(arm, nrow(Z), length(arm), byrow = TRUE)) == 0)
  coefficient <- coefficients_over(Z, w, block); variance <- if (studentised) neyman_over(Z, block)
  sizes <- function(shift) {
    x <- v - shift * arm
    abs(coefficient(x)) / (if (studentised) sqrt(variance(x)) else 1)
  }
  p <- function(shift, tie = 1e-12) { t <- sizes(shift); mean(t >= t[used] * (1 - tie)) }
  estimate <- coefficient(v)[used]; x <- v - estimate * arm
  se <- sqrt(mean((coefficient(x) - mean(coefficient(x)))^2))
  end <- function(side) {
    inside <- 0; outside <- 0.25
    while (p(estimate + side * outside * se) > 1 - level) { inside <- outside; outside <- outside + 0.25 }
    while (outside - inside > 1e-13 * outside) {
      middle <- (inside + outside) / 2
      if (middle == inside || middle == outside) break
      if (p(estimate + side * middle * se) > 1 - level) inside <- middle else outside <- middle
    }
    estimate + side * inside * se
  }
  t <- sizes(0)
  list(
    number("estimate.estimate", estimate), number("estimate.std_error", se),
    number("estimate.statistic", sign(estimate) * t[used]), number("estimate.p_value", p(0, 1e-9)),
    number("estimate.conf_low", end(-1)), number("estimate.conf_high", end(1)),
    number("fit.n_allocations", nrow(Z)), number("fit.smallest_p", mean(t >= max(t) * (1 - 1e-9)))
  )
}

# What another program gives for a number that we define otherwise, beside R's own answer by our rule.
differs <- function(name, theirs, by_our_rule, reason, rtol = 1e-9) {
  list(list(name = name, value = unname(theirs), rtol = rtol,
            known_difference = list(by_our_rule = unname(by_our_rule), reason = reason)))
}

# ANOVA intracluster correlation, pooled within groups (one group: overall). y are rows, 0/1 or values.
icc_anova <- function(y, cluster, group = rep(1, length(y))) {
  g <- as.factor(group); cl <- interaction(g, cluster, drop = TRUE)
  table <- anova(if (nlevels(g) > 1) lm(y ~ g + cl) else lm(y ~ cl))
  between <- table["cl", ]; within <- table["Residuals", ]
  n <- table(cl); group_of <- as.factor(tapply(as.character(g), cl, function(v) v[1]))
  n0 <- (sum(n) - sum(tapply(n^2, group_of, sum) / tapply(n, group_of, sum))) / between$Df
  (between$`Mean Sq` - within$`Mean Sq`) / (between$`Mean Sq` + (n0 - 1) * within$`Mean Sq`)
}
icc_numbers <- function(y, cluster, arm) {
  n <- as.vector(table(cluster)); icc <- icc_anova(y, cluster, arm)
  list(
    number("icc.icc", icc), number("icc.design_effect", 1 + (sum(n^2) / sum(n) - 1) * icc),
    number("icc.mean_size", mean(n)), number("icc.cv_size", sd(n) / mean(n))
  )
}

write_expected <- function(reference, ..., packages = character()) {
  versions <- vapply(packages, function(p) paste(p, packageVersion(p)), "")
  out <- list(
    reference = reference,
    software = paste(c(paste0("R ", R.version$major, ".", R.version$minor), versions), collapse = ", "),
    numbers = c(...)
  )
  writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = TRUE), file.path(case_folder, "expected.json"))
}
