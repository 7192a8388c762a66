source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "segmented_regression", "oracle.R"))
d <- belts(); X <- model.matrix(~ time + step + ramp + season, d); y <- d$killed_or_injured
ols <- least_squares(X, y); V <- NeweyWest(lm(y ~ X - 1), lag = 12, prewhite = FALSE, adjust = TRUE); pw <- prais(X, y)
control <- glsControl(tolerance = 1e-14, msTol = 1e-14, msMaxIter = 500)
reml <- gls(killed_or_injured ~ time + step + ramp + season, d, corAR1(0.4, form = ~ period), control = control)
ml <- gls(killed_or_injured ~ time + step + ramp + season, d, corAR1(0.4, form = ~ period), method = "ML", control = control)
beside <- function(name, value, se, rtol = 1e-9) list(number(paste0("inference_beside.estimate[inference=", name, "]"), value, rtol),
  number(paste0("inference_beside.std_error[inference=", name, "]"), se, rtol))
se <- sqrt(vcov(reml)["step", "step"])
write_expected("lm, sandwich, Prais-Winsten by a loop, nlme::gls by REML, and by ML for ARIMA(1,0,0)", c(
  effect(coef(reml)[["step"]], se, 177, rtol = 1e-5), beside("ols", ols$b[3], sqrt(ols$V[3, 3])),
  beside("newey_west", ols$b[3], sqrt(V[3, 3])), beside("prais_winsten", pw$b[3], sqrt(pw$V[3, 3])),
  beside("reml", coef(reml)[["step"]], se, 1e-5), beside("reml_satterthwaite", coef(reml)[["step"]], se, 1e-5),
  list(number("inference_beside.estimate[inference=arima]", coef(ml)[["step"]], 1e-5),
       number("method_compared.phi[method=REML]", coef(reml$modelStruct$corStruct, unconstrained = FALSE)[[1]], 1e-5))), packages = versions)
