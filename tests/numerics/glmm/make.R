# Numbers of other programs for generalised linear mixed models with a random intercept.
#   Rscript tests/numerics/glmm/make.R [folder of the data that do not ship]
# laplace and exact: see oracle.R, beside the reference cases.
# lme4: glmer with 25 nodes; its log-likelihood leaves out the saturated term, which is added.
# The counts are drawn here: they are synthetic.
suppressPackageStartupMessages({library(lme4); library(glmmTMB); library(jsonlite)})
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
given <- commandArgs(trailingOnly = TRUE)
elsewhere <- if (length(given)) given[1] else Sys.getenv("PRECEPT_DATA")
awards <- read.csv(file.path(here, "../../../analysis_plans/data/achievement_awards/achievement_awards_girls2001.csv"))
cbpp <- read.csv(file.path(here, "data/cbpp.csv")); cbpp$period <- factor(cbpp$period)
contraception <- read.csv(file.path(here, "data/contraception.csv")); contraception$livch <- factor(contraception$livch)

set.seed(20261)
K <- 24
counts <- data.frame(unit = rep(1:K, each = 4), period = factor(rep(1:4, K)), arm = rep(rep(0:1, 12), each = 4))
counts$person_years <- round(runif(nrow(counts), 0.5, 40), 2)
counts$events <- rpois(nrow(counts), counts$person_years * exp(-2 + 0.4 * counts$arm + rnorm(K, 0, 0.6)[counts$unit]))
counts$events[counts$unit == 7] <- 0
counts$data_origin <- "synthetic"
write.csv(counts, file.path(here, "data/counts.csv"), row.names = FALSE)

source(file.path(here, "../../reference/generalised_linear_mixed/oracle.R"))
answer <- function(fit) list(log_likelihood = fit$log_likelihood, params = head(fit$theta, -1),
                             log_sigma = tail(fit$theta, 1), se = sqrt(diag(fit$V)))
one <- function(formula, d, fam, y, n, g, agq = TRUE, truth = TRUE) {
  start <- laplace(formula, d, fam)
  out <- list(family = fam$family, link = fam$link, formula = deparse1(formula), laplace = answer(start))
  X <- model.matrix(lme4::nobars(formula)[-2], d)
  X <- X[, !grepl("offset", colnames(X)), drop = FALSE]
  if (agq) {
    q <- glmer(formula, d, family = fam, nAGQ = 25, control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-12,
               optCtrl = list(rhoend = 1e-10, maxfun = 1e5)))
    saturated <- if (fam$family == "poisson") sum(dpois(y, y, log = TRUE)) else sum(dbinom(y, n, y / n, log = TRUE))
    out$lme4_agq25 <- list(log_likelihood = as.numeric(logLik(q)) + saturated, params = unname(fixef(q)),
                           log_sigma = log(unname(getME(q, "theta"))))
  }
  if (truth) out$exact <- answer(exact(start$theta, X, y, n, g, fam))
  out
}
grouped <- function(link) one(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial(link),
                              cbpp$incidence, cbpp$size, cbpp$herd)
out <- list(
  cbpp_logit = grouped("logit"), cbpp_probit = grouped("probit"), cbpp_cloglog = grouped("cloglog"),
  contraception = one(use01 ~ urb + age + livch + (1 | district), contraception, binomial(), contraception$use01,
                      rep(1, nrow(contraception)), contraception$district, truth = FALSE),
  awards = one(Bagrut_status ~ treated + school_type + (1 | school_id), awards, binomial(), awards$Bagrut_status,
               rep(1, nrow(awards)), awards$school_id),
  counts = one(events ~ arm + period + offset(log(person_years)) + (1 | unit), counts, poisson(), counts$events,
               counts$person_years, counts$unit)
)
if (nzchar(elsewhere)) {
  mkv <- read.csv(file.path(elsewhere, "mkvtrial.csv"))
  for (f in c("stratum", "agegp", "ethnicgp")) mkv[[f]] <- factor(mkv[[f]])
  y <- mkv$know; n <- rep(1, nrow(mkv)); g <- mkv$community
  out$mkv_unadjusted <- one(know ~ arm + (1 | community), mkv, binomial(), y, n, g)
  out$mkv_adjusted <- one(know ~ arm + stratum + agegp + ethnicgp + (1 | community), mkv, binomial(), y, n, g)
  scheme <- as.matrix(read.csv(file.path(elsewhere, "sim_dickinson_allocations.csv")))
  dickinson <- read.csv(file.path(elsewhere, "sim_dickinson.csv"))
  dickinson$arm <- as.vector(scheme[scheme[, 1] == 1, -1])[dickinson$county]
  out$dickinson <- one(outcome ~ arm + (1 | county), dickinson, binomial(), dickinson$outcome,
                       rep(1, nrow(dickinson)), dickinson$county)
}
out$software <- paste(R.version.string, paste("lme4", packageVersion("lme4")), paste("glmmTMB", packageVersion("glmmTMB")), sep = ", ")
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = TRUE), file.path(here, "expected.json"))
