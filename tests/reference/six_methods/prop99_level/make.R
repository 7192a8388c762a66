source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "segmented_regression", "oracle.R"))
d <- california()
X <- with(d, cbind(1, time, step, ramp))
ols <- least_squares(X, d$packs); fit <- lm(packs ~ X - 1, d); V <- NeweyWest(fit, lag = 1, prewhite = FALSE, adjust = TRUE)
pw <- prais(X, d$packs); ml <- gls(packs ~ time + step + ramp, d, corAR1(0.9, form = ~ year), method = "ML", control = glsControl(tolerance = 1e-14, msTol = 1e-14))
beside <- function(name, value, se, rtol = 1e-9) list(number(paste0("inference_beside.estimate[inference=", name, "]"), value, rtol),
  if (!is.null(se)) number(paste0("inference_beside.std_error[inference=", name, "]"), se, rtol))
numbers <- c(effect(pw$b[3], sqrt(pw$V[3, 3]), 27), beside("ols", ols$b[3], sqrt(ols$V[3, 3])),
  beside("newey_west", ols$b[3], sqrt(V[3, 3])), beside("prais_winsten", pw$b[3], sqrt(pw$V[3, 3])),
  list(number("method_compared.phi[method=Prais-Winsten]", pw$phi)),
  list(number("inference_beside.estimate[inference=arima]", coef(ml)[["step"]], 1e-6)))
write_expected("lm, sandwich, Prais-Winsten by a loop, nlme::gls by ML for ARIMA(1,0,0)", Filter(Negate(is.null), numbers), packages = versions)
