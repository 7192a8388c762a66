source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "jags.R"))
d <- programme("NICU", 18)
d$region <- factor(d$region); unit <- !duplicated(d$unit)
SD <- sd(d$y)
model <- "model {
  for (i in 1:N) {
    y[i] ~ dnorm(b[1] + b[2] * time[i] + b[3] * step[i] + b[4] * ramp[i] + u[unit[i]] + v[unit[i]] * step[i], n[i] / sd_e^2)
  }
  for (k in 1:K) {
    u[k] ~ dnorm(w[region[k]], 1 / sd_u^2)
    v[k] ~ dnorm(0, 1 / sd_v^2)
  }
  for (g in 1:G) { w[g] ~ dnorm(0, 1 / sd_w^2) }
  for (j in 1:4) { b[j] ~ dnorm(middle[j], of_b[j]) }
  sd_u ~ dnorm(0, of_u) T(1e-6,)
  sd_v ~ dnorm(0, of_v) T(1e-6,)
  sd_w ~ dnorm(0, of_w) T(1e-6,)
  sd_e ~ dnorm(0, of_e) T(1e-6,)
}"
found <- posterior(model, list(N = nrow(d), K = nlevels(d$unit), G = nlevels(d$region), y = d$y, n = d$denominator, time = d$time,
  step = d$step, ramp = d$ramp, unit = as.integer(d$unit), region = as.integer(d$region)[unit],
  middle = c(mean(d$y), 0, 0, 0), of_b = precision(c(5 * SD, SD * log(3) / 12, SD * log(5), SD * log(3) / 12) / UPPER),
  of_u = precision(sqrt(0.30) * SD / UPPER), of_v = precision(SD / UPPER), of_w = precision(sqrt(0.15) * SD / UPPER),
  of_e = precision(2 * SD * sqrt(mean(d$denominator)) / UPPER)),
  c("b", "sd_u", "sd_v", "sd_w", "sd_e"), kept = 2500, thin = 20)
one <- function(name) found[, , name]
write_posterior("normal proportions with independent normal levels and changes of units, and levels of regions, by JAGS, all of them sampled",
  c(effect_numbers(one("b[3]")), change_limits("slope_change", one("b[4]")), spread_limits("unit: level", one("sd_u")),
    spread_limits("unit: step", one("sd_v")), spread_limits("region: level", one("sd_w"))),
  c(parameter_numbers("intercept", one("b[1]")), parameter_numbers("time", one("b[2]")),
    parameter_numbers("step[programme]", one("b[3]")), parameter_numbers("variance[unit: level]", one("sd_u")^2),
    parameter_numbers("variance[unit: step]", one("sd_v")^2), parameter_numbers("variance[region: level]", one("sd_w")^2),
    parameter_numbers("variance[residual]", one("sd_e")^2)))
