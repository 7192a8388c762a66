source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- here_only("mkvtrial.csv")
d <- d[complete.cases(d[, c("know", "agegp", "ethnicgp")]), ]
one <- d[!duplicated(d$community), ]
one <- one[order(one$community), ]
Z <- every_allocation(one$arm, one$stratum)
used <- which(rowSums(Z != matrix(one$arm, nrow(Z), nrow(one), byrow = TRUE)) == 0)
terms <- know ~ factor(stratum) + factor(agegp) + factor(ethnicgp)
tight <- glm.control(epsilon = 1e-14, maxit = 100)
# Observed less expected by community, the log odds ratio held at a value by an offset.
left <- function(shift) {
  d$held <- shift * d$arm
  fit <- glm(update(terms, . ~ . + offset(held)), binomial, d, control = tight)
  tapply(d$know - fitted(fit), d$community, sum)[as.character(one$community)]
}
p <- function(shift, tie = 1e-12) { t <- abs(Z %*% left(shift)); mean(t >= t[used] - tie * max(t)) }
full <- glm(update(terms, . ~ . + arm), binomial, d, control = tight)
estimate <- unname(coef(full)["arm"])
se <- unname(sqrt(mean((Z %*% left(estimate))^2)) * vcov(full)["arm", "arm"])
end <- function(side) {
  inside <- 0; outside <- 0.5
  while (p(estimate + side * outside * se) > 0.05) { inside <- outside; outside <- outside + 0.5 }
  for (step in 1:40) {
    middle <- (inside + outside) / 2
    if (p(estimate + side * middle * se) > 0.05) inside <- middle else outside <- middle
  }
  exp(estimate + side * inside * se)
}
scores <- abs(Z %*% left(0))
write_expected("glm without arm, then the score of each of the 28,000 allocations; inverted with an offset",
  list(
    number("estimate.estimate", exp(estimate), 1e-8), number("estimate.std_error", se, 1e-7),
    number("estimate.statistic", sum(left(0)[one$arm == 1]), 1e-7), number("estimate.p_value", p(0, 1e-9)),
    number("estimate.conf_low", end(-1), 1e-7), number("estimate.conf_high", end(1), 1e-7),
    number("fit.n_allocations", nrow(Z)), number("fit.smallest_p", mean(scores >= max(scores) * (1 - 1e-9)))
  ))
