# Reference fits of linear mixed models: lme4 with a tight optimiser, lmerTest, pbkrtest and nlme.
#   Rscript tests/numerics/mixed/make.R [folder of the data that do not ship]
# Writes expected.json and data/*.csv. Data: beets (pbkrtest), Machines, Orthodont, ergoStool (nlme),
# Penicillin, cake, sleepstudy (lme4); twelve*.csv and crossed.csv are synthetic and made here.
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite)})
args <- commandArgs(trailingOnly = FALSE)
folder <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
given <- commandArgs(trailingOnly = TRUE)
here_only <- if (length(given)) given[1] else Sys.getenv("PRECEPT_DATA")
options(contrasts = c("contr.treatment", "contr.poly"), digits = 17)
tight <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE, check.conv.singular = "ignore",
                     optCtrl = list(rhobeg = 0.1, rhoend = 1e-11, maxfun = 1e5))
out <- list()

keep <- function(d, file) {
  d <- as.data.frame(lapply(as.data.frame(d), function(v) if (is.factor(v)) as.character(v) else v))
  write.csv(d, file.path(folder, "data", paste0(file, ".csv")), row.names = FALSE, quote = FALSE)
  d
}
joint <- function(fit, L) {
  kr <- pbkrtest::KRmodcomp(fit, L)$stats; sa <- contest(fit, L, joint = TRUE, ddf = "Satterthwaite")
  list(L = L,
       kenward_roger = kr[c("ndf", "ddf", "Fstat", "F.scaling", "p.value")],
       satterthwaite = list(ndf = sa$NumDF, ddf = sa$DenDF, Fstat = sa$`F value`, p.value = sa$`Pr(>F)`))
}
case <- function(name, formula, d, data, L = NULL, weights = NULL, reml = TRUE, kr = TRUE) {
  d$.w <- if (is.null(weights)) 1 else weights
  fit <- suppressWarnings(lmerTest::lmer(formula, d, REML = reml, weights = .w, control = tight))
  V <- as.matrix(vcov(fit)); b <- fixef(fit); sa <- coef(summary(fit, ddf = "Satterthwaite"))
  found <- list(data = data, formula = deparse1(formula), reml = reml,
    criterion = if (reml) REMLcrit(fit) else deviance(fit), sigma2 = sigma(fit)^2, theta = unname(getME(fit, "theta")),
    params = unname(b), names = names(b), vcov = unname(V), df_satterthwaite = unname(sa[, "df"]))
  if (reml && kr) {
    A <- vcovAdj(fit); K <- as.matrix(A)
    found$vcov_kenward_roger <- unname(K)
    found$df_kenward_roger <- sapply(seq_along(b), function(i) Lb_ddf(diag(length(b))[i, , drop = FALSE], vcov(fit), A))
    if (!is.null(L)) found$joint <- joint(fit, L)
  }
  if (!is.null(weights)) found$weights <- "w"
  out[[name]] <<- found
  invisible(fit)
}
# Likelihood-ratio test of dropping terms, and the profile interval of one coefficient, both by ML.
likelihood <- function(name, full, reduced, d, term) {
  one <- lme4::lmer(full, d, REML = FALSE, control = tight); none <- lme4::lmer(reduced, d, REML = FALSE, control = tight)
  ci <- suppressMessages(confint(profile(one, which = term, signames = FALSE), level = 0.95))
  out[[name]]$likelihood <<- list(chisq = anova(one, none)$Chisq[2], df = length(fixef(one)) - length(fixef(none)),
    p.value = anova(one, none)$`Pr(>Chisq)`[2], coefficient = which(names(fixef(one)) == term), profile = as.vector(ci[term, ]))
}
rows <- function(p, ...) { L <- matrix(0, length(c(...)), p); L[cbind(seq_along(c(...)), c(...))] <- 1; L }

data(beets, package = "pbkrtest")
d <- keep(beets, "beets"); d$block <- factor(d$block); d$sow <- factor(d$sow); d$harvest <- factor(d$harvest)
case("beets_sow", sugpct ~ block + sow + harvest + (1 | block:harvest), d, "beets", rows(8, 4, 5, 6, 7))
case("beets_harvest", sugpct ~ block + sow + harvest + (1 | block:harvest), d, "beets", rows(8, 8))
likelihood("beets_harvest", sugpct ~ block + sow + harvest + (1 | block:harvest), sugpct ~ block + sow + (1 | block:harvest), d, "harvestharv2")
d <- keep(nlme::Machines, "machines")
case("machines", score ~ Machine + (1 | Worker) + (1 | Worker:Machine), d, "machines", rows(3, 2, 3))
d <- keep(lme4::Penicillin, "penicillin")
fit <- case("penicillin", diameter ~ 1 + (1 | plate) + (1 | sample), d, "penicillin")
out$penicillin$random <- lapply(ranef(fit, condVar = FALSE), function(r) unname(as.matrix(r)))
d <- keep(nlme::Orthodont, "orthodont"); d$Sex <- factor(d$Sex, c("Male", "Female"))
case("orthodont_intercept", distance ~ age * Sex + (1 | Subject), d, "orthodont", rows(4, 3, 4))
case("orthodont_slopes", distance ~ age * Sex + (age | Subject), d, "orthodont", rows(4, 2, 4))
case("orthodont_uncorrelated", distance ~ age * Sex + (age || Subject), d, "orthodont", rows(4, 3, 4))
likelihood("orthodont_intercept", distance ~ age * Sex + (1 | Subject), distance ~ age + (1 | Subject), d, "age:SexFemale")
inner <- nlme::lme(distance ~ age * Sex, random = ~ 1 | Subject, data = d)
out$orthodont_intercept$df_nlme <- unname(inner$fixDF$X)
d <- keep(lme4::cake, "cake"); d$recipe <- factor(d$recipe); d$temperature <- factor(d$temperature)
case("cake", angle ~ recipe * temperature + (1 | recipe:replicate), d, "cake", rows(18, 9:18))
d <- keep(nlme::ergoStool, "ergostool")
case("ergostool", effort ~ Type + (1 | Subject), d, "ergostool", rows(4, 2, 3, 4))
d <- keep(lme4::sleepstudy, "sleepstudy")
case("sleepstudy_slopes", Reaction ~ Days + (Days | Subject), d, "sleepstudy", rows(2, 1, 2))
case("sleepstudy_intercept", Reaction ~ Days + (1 | Subject), d, "sleepstudy")
case("sleepstudy_uncorrelated", Reaction ~ Days + (Days || Subject), d, "sleepstudy")
case("sleepstudy_ml", Reaction ~ Days + (Days | Subject), d, "sleepstudy", reml = FALSE)

# Twelve clusters of 5 to 60 in three periods; 'zero' has a period variance of 0, 'singular' a correlation of 1.
twelve <- function(seed, sd_period, sd_slope) {
  set.seed(seed); n <- c(5, 60, 12, 33, 8, 21, 45, 17, 9, 28, 14, 40); id <- rep(1:12, n)
  d <- data.frame(id = id, arm = (id %% 2), x = round(rnorm(sum(n)), 6), w = round(runif(sum(n), 0.3, 3), 6))
  d$period <- 1 + (seq_along(id) %% 3)
  u <- rnorm(12, 0, 0.6); v <- rnorm(36, 0, sd_period); s <- rnorm(12, 0, sd_slope)
  d$y <- round(1 + 0.4 * d$arm + (0.3 + s[id]) * d$x + u[id] + v[(id - 1) * 3 + d$period] + rnorm(sum(n)), 6)
  d$data_origin <- "synthetic"
  d
}
first_seed <- function(make, formula, wanted) {
  for (seed in 1:500) {
    fit <- suppressMessages(suppressWarnings(lme4::lmer(formula, make(seed), control = tight)))
    if (wanted(getME(fit, "theta"))) return(seed)
  }
}
d <- keep(twelve(1, 0.4, 0.3), "twelve")
case("twelve_intercept", y ~ arm + x + (1 | id), d, "twelve", rows(3, 2, 3))
case("twelve_periods", y ~ arm + x + factor(period) + (1 | id) + (1 | id:period), d, "twelve", rows(5, 4, 5))
case("twelve_slopes", y ~ arm + x + (x | id), d, "twelve", rows(3, 2, 3))
likelihood("twelve_slopes", y ~ arm + x + (x | id), y ~ 1 + (x | id), d, "x")
case("twelve_slopes_periods", y ~ arm + x + (x | id) + (1 | id:period), d, "twelve", rows(3, 2, 3))
case("twelve_slopes_both", y ~ arm + x + (x || id) + (x | id:period), d, "twelve", rows(3, 2, 3))
case("twelve_weights", y ~ arm + x + (1 | id), d, "twelve", weights = d$w, kr = FALSE)
case("twelve_ml_periods", y ~ arm + x + (1 | id) + (1 | id:period), d, "twelve", reml = FALSE)
f <- y ~ arm + x + factor(period) + (1 | id) + (1 | id:period)
d <- keep(twelve(first_seed(function(s) twelve(s, 0, 0), f, function(t) t[1] == 0 && t[2] > 0.1), 0, 0), "twelve_zero")
case("twelve_zero", f, d, "twelve_zero", rows(5, 4, 5))
f <- y ~ arm + x + (x | id)
d <- keep(twelve(first_seed(function(s) twelve(s, 0, 0.15), f, function(t) t[3] == 0 && t[2] != 0), 0, 0.15), "twelve_singular")
case("twelve_singular", f, d, "twelve_singular", rows(3, 2, 3))
set.seed(7); n <- 150
d <- data.frame(a = sample(1:14, n, TRUE), b = sample(1:9, n, TRUE), x = round(rnorm(n), 6))
d$arm <- d$a %% 2
d$y <- round(2 + 0.5 * d$arm + d$x + rnorm(14, 0, 0.7)[d$a] + rnorm(14, 0, 0.4)[d$a] * d$x + rnorm(9, 0, 0.5)[d$b] + rnorm(n), 6)
d$data_origin <- "synthetic"
d <- keep(d, "crossed")
case("crossed", y ~ arm + x + (1 | a) + (1 | b), d, "crossed", rows(3, 2, 3))
case("crossed_slopes", y ~ arm + x + (x | a) + (1 | b), d, "crossed", rows(3, 2, 3))
case("crossed_uncorrelated", y ~ arm + x + (x || a) + (1 | b), d, "crossed", rows(3, 2, 3))

if (nzchar(here_only)) {
  d <- read.csv(file.path(here_only, "share.csv")); d$female <- as.numeric(d$sex == "F")
  case("share", kscore ~ arm + (1 | school), d, "share")
  case("share_adjusted", kscore ~ arm + female + factor(sc) + (1 | school), d, "share", rows(ncol(model.matrix(~ female + factor(sc), d)) + 1, 4, 5))
  d <- read.csv(file.path(here_only, "share_10schools.csv"))
  case("share_ten_schools", kscore ~ arm + (1 | school), d, "share_10schools")
  d <- read.csv(file.path(here_only, "reglab_cict_sw_tidy.csv"))
  case("contact_tracing", y ~ manual + factor(period) + (1 | Zip), d, "reglab_cict_sw_tidy")
  d <- read.csv(file.path(here_only, "sim_swcrt_small.csv"))
  case("swcrt_intercept", y_con ~ treatment + factor(period) + (1 | id), d, "sim_swcrt_small")
  d$cp <- paste(d$id, d$period)
  case("swcrt", y_con ~ treatment + factor(period) + (1 | id) + (1 | cp), d, "sim_swcrt_small", rows(5, 3, 4, 5))
}
versions <- sapply(c("lme4", "lmerTest", "pbkrtest", "nlme"), function(p) as.character(packageVersion(p)))
write_json(list(software = c(list(R = paste0(R.version$major, ".", R.version$minor)), as.list(versions)), cases = out),
           file.path(folder, "expected.json"), digits = NA, auto_unbox = TRUE, matrix = "rowmajor", pretty = FALSE)
