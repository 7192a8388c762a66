source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "oracle.R"))
d <- belts()
fit <- gls(killed_or_injured ~ time + step + ramp + season, d, corAR1(0.4, form = ~ period), control = glsControl(tolerance = 1e-14, msTol = 1e-14, msMaxIter = 500))
write_expected("nlme::gls corAR1 by REML", effect(coef(fit)[["step"]], sqrt(vcov(fit)["step", "step"]), 177, rtol = 1e-5), packages = versions)
