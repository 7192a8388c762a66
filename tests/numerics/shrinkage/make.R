# Reference numbers for areas that are estimated together: Rscript make.R > expected.json
# lme4 (25 adaptive nodes; Laplace for areas in groups), glmmTMB (standard errors of predictions with the variance
# held at its estimate), metafor (REML, BLUPs).
suppressMessages({library(lme4); library(glmmTMB); library(metafor); library(jsonlite)})
sids <- read.csv("../../../analysis_plans/data/sids_counties/sids.csv")
sids <- sids[sids$period == "1974-78", ]
hospitals <- data.frame(events = c(12, 60, 4, 51, 39, 161, 28, 67, 60, 1, 38, 12),
                        size = c(80, 240, 31, 260, 150, 420, 95, 140, 520, 60, 230, 101),
                        region = rep(c("north", "east", "south"), each = 4))
hospitals$area <- factor(seq_len(nrow(hospitals)))
sids$area <- factor(seq_len(nrow(sids)))
tight <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5))
one <- function(model) {
  u <- ranef(model, condVar = TRUE)$area
  list(mean = unname(fixef(model)), sd = unname(sqrt(VarCorr(model)$area[1])),
       effects = u[["(Intercept)"]], se_mean = sqrt(vcov(model)[1, 1]))
}
held <- function(formula, family, data, sd, offset = 0) {
  fit <- glmmTMB(formula, family = family, data = data, map = list(theta = factor(NA)), start = list(theta = log(sd)))
  p <- predict(fit, se.fit = TRUE, type = "link")
  list(mean = unname(fixef(fit)$cond), eta = unname(p$fit) - offset, se = unname(p$se.fit))
}
binomial_ml <- glmer(cbind(events, size - events) ~ 1 + (1 | area), hospitals, binomial, nAGQ = 25, control = tight)
poisson_ml <- glmer(deaths ~ 1 + offset(log(births)) + (1 | area), sids, poisson, nAGQ = 25, control = tight)
nested <- glmer(cbind(events, size - events) ~ 1 + (1 | region) + (1 | area), hospitals, binomial, control = tight)
heart <- read.csv("../../../analysis_plans/data/us_mortality/mortality.csv")
heart <- heart[heart$sex == "Male" & heart$status == "Rural" & heart$cause == "Suicide", ]
meta <- rma(rate, sei = std_error, data = heart, method = "REML", control = list(threshold = 1e-12, maxiter = 1000))
b <- blup(meta)
write_json(list(
  versions = list(R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4")),
                  glmmTMB = as.character(packageVersion("glmmTMB")), metafor = as.character(packageVersion("metafor"))),
  hospitals = as.list(hospitals[c("events", "size", "region")]),
  binomial = one(binomial_ml), poisson = one(poisson_ml),
  binomial_held = held(cbind(events, size - events) ~ 1 + (1 | area), binomial(), hospitals, 0.4),
  poisson_held = held(deaths ~ 1 + offset(log(births)) + (1 | area), poisson(), sids, 0.4, log(sids$births)),
  nested = list(mean = unname(fixef(nested)), sd_area = unname(sqrt(VarCorr(nested)$area[1])),
                sd_region = unname(sqrt(VarCorr(nested)$region[1])),
                region = ranef(nested)$region[c("north", "east", "south"), 1], area = ranef(nested)$area[, 1]),
  normal = list(y = heart$rate, se = heart$std_error, mean = unname(c(meta$b)), tau2 = meta$tau2, se_tau2 = meta$se.tau2,
                blup = unname(b$pred), blup_se = unname(b$se))),
  "expected.json", auto_unbox = TRUE, digits = 15, pretty = TRUE)
