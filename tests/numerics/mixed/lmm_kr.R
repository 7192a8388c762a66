# Nine fits by lme4, lmerTest and pbkrtest, with a tight optimiser: what lmm_kr.json has where lme4 did not stop short.
#   Rscript tests/numerics/mixed/lmm_kr.R [folder of the data that do not ship]
# Writes lmm_kr_tight.json. The numbers of lmm_kr.json come from the same calls with optimizer = "bobyqa" and that
# optimiser's own settings, and are kept as they were recorded: a rerun moves the last digits of a flat optimum.
# sleepstudy is lme4's; share, share_10schools, sim_swcrt_small and reglab_cict_sw_tidy do not ship.
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite)})
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
given <- commandArgs(trailingOnly = TRUE)
elsewhere <- if (length(given)) given[1] else Sys.getenv("PRECEPT_DATA")
tight <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE, check.conv.singular = "ignore",
                     optCtrl = list(rhobeg = 0.1, rhoend = 1e-11, maxfun = 1e5))
named <- function(x) as.list(setNames(as.vector(x), if (is.matrix(x)) colnames(x) else names(x)))
rows <- function(m) lapply(setNames(seq_len(nrow(m)), rownames(m)), function(i) named(m[i, , drop = FALSE]))
flat <- function(r) lapply(r, function(v) rows(as.matrix(v)))
inference <- function(s) lapply(rows(s), function(v) setNames(v, c("estimate", "se", "df", "t", "p")))

answers <- function(formula, d, control) {
  m <- lmerTest::lmer(formula, d, REML = TRUE, control = control)
  ml <- lme4::lmer(formula, d, REML = FALSE, control = control)
  adjusted <- as.matrix(vcovAdj(m)); vc <- as.data.frame(VarCorr(m))
  one <- vc$grp != "Residual"
  profile <- suppressMessages(confint(ml, parm = "beta_", method = "profile", quiet = TRUE))
  list(reml = list(criterion = REMLcrit(m), logLik = as.numeric(logLik(m)), sigma = sigma(m), theta = named(getME(m, "theta")),
         variance = setNames(as.list(vc$vcov), trimws(paste(vc$grp, ifelse(is.na(vc$var1), "", vc$var1), ifelse(is.na(vc$var2), "", vc$var2)))),
         fixef = named(fixef(m)), vcov = unname(as.matrix(vcov(m))), ranef = flat(ranef(m, condVar = FALSE))),
       ml = list(deviance = deviance(ml), logLik = as.numeric(logLik(ml)), sigma = sigma(ml), theta = named(getME(ml, "theta")), fixef = named(fixef(ml))),
       satterthwaite = inference(coef(summary(m, ddf = "Satterthwaite"))),
       kenward_roger = inference(coef(summary(m, ddf = "Kenward-Roger"))),
       kr_vcov = unname(adjusted),
       profile = lapply(rows(profile), function(v) setNames(v, c("low", "high"))))
}
cases <- list(sleepstudy_ri = list("sleepstudy", Reaction ~ Days + (1 | Subject)),
              sleepstudy_rs = list("sleepstudy", Reaction ~ Days + (Days | Subject)),
              sleepstudy_rs_uncorr = list("sleepstudy", Reaction ~ Days + (Days || Subject)),
              share_unadj = list("share", kscore ~ arm + (1 | school)),
              share_adj = list("share", kscore ~ arm + female + factor(sc) + (1 | school)),
              share_10schools = list("share_10schools", kscore ~ arm + (1 | school)),
              simsw_hh = list("sim_swcrt_small", y_con ~ treatment + factor(period) + (1 | id)),
              simsw_hg = list("sim_swcrt_small", y_con ~ treatment + factor(period) + (1 | id) + (1 | cp)),
              reglab_sw_hh = list("reglab_cict_sw_tidy", y ~ manual + factor(period) + (1 | Zip)))
out <- list()
for (name in names(cases)) {
  file <- cases[[name]][[1]]; formula <- cases[[name]][[2]]
  d <- if (file == "sleepstudy") lme4::sleepstudy else read.csv(file.path(elsewhere, paste0(file, ".csv")))
  if (file == "share") d$female <- as.numeric(d$sex == "F")
  if (file == "sim_swcrt_small") d$cp <- interaction(d$id, d$period)
  out[[name]] <- list(data = file, formula = deparse1(formula), n = nrow(d), numbers = answers(formula, d, tight))
}
versions <- sapply(c("lme4", "lmerTest", "pbkrtest"), function(p) as.character(packageVersion(p)))
write_json(list(software = c(list(R = paste0(R.version$major, ".", R.version$minor)), as.list(versions)), cases = out),
           file.path(here, "lmm_kr_tight.json"), digits = NA, auto_unbox = TRUE, matrix = "rowmajor", pretty = FALSE)
