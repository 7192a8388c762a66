source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "jags.R"))
d <- programme("NICU", 18)
model <- "model {
  for (i in 1:N) {
    y[i] ~ dbin(p[i], n[i])
    logit(p[i]) <- b[1] + b[2] * time[i] + b[3] * step[i] + b[4] * ramp[i] + u[unit[i]] + v[unit[i]] * step[i]
  }
  for (k in 1:K) {
    u[k] ~ dnorm(0, 1 / sd_u^2)
    v[k] ~ dnorm(r * sd_v / sd_u * u[k], 1 / (sd_v^2 * (1 - r^2)))
  }
  for (j in 1:4) { b[j] ~ dnorm(0, of_b[j]) }
  sd_u ~ dnorm(0, of_u) T(1e-4,)
  sd_v ~ dnorm(0, of_v) T(1e-4,)
  x ~ dbeta(2, 2)
  r <- 2 * x - 1
}"
found <- posterior(model, list(N = nrow(d), K = nlevels(d$unit), y = d$numerator, n = d$denominator, time = d$time, step = d$step,
  ramp = d$ramp, unit = as.integer(d$unit), of_u = precision(icc_scale(0.30)), of_v = precision(1 / UPPER),
  of_b = precision(c(log(19), log(3) / 12, log(5), log(3) / 12) / UPPER)),
  c("b", "sd_u", "sd_v", "r", "u[1]", "v[1]"), kept = 2500, thin = 20)
one <- function(name) found[, , name]
rows <- d[d$time >= 0 & d$time <= 11, ]
w <- tapply(rows$denominator, rows$time, sum) / sum(rows$denominator)
after <- sqrt(one("sd_u")^2 + one("sd_v")^2 + 2 * one("r") * one("sd_u") * one("sd_v"))
grid <- standard_normal(); difference <- 0 * after
for (t in 0:11) {
  bare <- one("b[1]") + t * one("b[2]"); fitted <- bare + one("b[3]") + t * one("b[4]")
  for (q in seq_along(grid$z)) difference <- difference + w[[t + 1]] * grid$w[q] *
    (plogis(fitted + after * grid$z[q]) - plogis(bare + one("sd_u") * grid$z[q]))
}
write_posterior("binomial with correlated normal levels and changes of units by JAGS, all of them sampled",
  c(effect_numbers(difference), change_limits("level_change", exp(one("b[3]"))), change_limits("slope_change", exp(one("b[4]"))),
    spread_limits("unit: level", one("sd_u")), spread_limits("unit: step", one("sd_v")),
    limits("icc", "[measure=correlation_random_effects]", one("r")),
    unit_numbers(levels(d$unit)[1], "level", one("u[1]")), unit_numbers(levels(d$unit)[1], "change of level", one("v[1]"))),
  c(parameter_numbers("intercept", one("b[1]")), parameter_numbers("time", one("b[2]")),
    parameter_numbers("step[programme]", one("b[3]")), parameter_numbers("ramp[programme]", one("b[4]")),
    parameter_numbers("variance[unit: level]", one("sd_u")^2), parameter_numbers("variance[unit: step]", one("sd_v")^2),
    parameter_numbers("variance[unit: level, step]", one("r") * one("sd_u") * one("sd_v"))))
