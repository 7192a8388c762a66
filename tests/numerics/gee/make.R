# Numbers of other programs for generalised estimating equations.
#   Rscript tests/numerics/gee/make.R
# geepack: estimates, scale, correlation and the Liang-Zeger covariance. clubSandwich: CR0, CR2 and CR3 with
# Satterthwaite's df, for independence from glm and, for linear models, from gls with geepack's correlation
# held. The data are those of ../mixed and ../glmm (nlme, lme4, mlmRev; the counts are synthetic).
suppressPackageStartupMessages({library(geepack); library(clubSandwich); library(nlme); library(jsonlite)})
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
read <- function(...) read.csv(file.path(here, "..", ...))
tight <- geese.control(epsilon = 1e-13, maxit = 200)

orthodont <- read("mixed", "data", "orthodont.csv"); orthodont$g <- orthodont$Subject
orthodont$root_age <- sqrt(orthodont$age); orthodont$male <- as.numeric(orthodont$Sex == "Male")
contraception <- read("glmm", "data", "contraception.csv"); contraception$g <- contraception$district
contraception$y <- contraception$use01; contraception$children <- as.numeric(contraception$livch != "0")
contraception$w <- as.vector(1 / table(contraception$g)[as.character(contraception$g)])
contraception$w <- contraception$w / mean(tapply(contraception$w, contraception$g, mean))
counts <- read("glmm", "data", "counts.csv"); counts$g <- counts$unit; counts$y <- counts$events
cbpp <- read("glmm", "data", "cbpp.csv")
people <- cbpp[rep(seq_len(nrow(cbpp)), cbpp$size), ]
people$y <- unlist(Map(function(y, n) rep(1:0, c(y, n - y)), cbpp$incidence, cbpp$size))
people$g <- people$herd; people$first <- as.numeric(people$period == 1)
by_cluster <- function(d) d[order(d$g, seq_len(nrow(d))), ]

numbers <- function(V) unname(lapply(seq_len(nrow(V)), function(i) V[i, ]))
corrected <- function(fit, cluster) {
  out <- list()
  for (type in c("CR0", "CR2", "CR3")) {
    V <- vcovCR(fit, cluster = cluster, type = type)
    test <- coef_test(fit, vcov = V, test = "Satterthwaite")
    out[[type]] <- list(covariance = numbers(as.matrix(V)), df = test$df)
    if (is.null(out[[type]]$df)) out[[type]]$df <- test$df_Satt
  }
  out
}
one <- function(formula, d, fam, corstr, weights = NULL) {
  d <- by_cluster(d)
  d$given <- if (is.null(weights)) rep(1, nrow(d)) else d[[weights]]
  d$number <- match(d$g, unique(d$g))
  environment(formula) <- environment()
  fit <- geeglm(formula, family = fam, data = d, id = number, corstr = corstr, weights = given,
                control = tight)
  out <- list(params = unname(coef(fit)), covariance = numbers(fit$geese$vbeta), scale = unname(fit$geese$gamma),
              alpha = unname(fit$geese$alpha))
  if (corstr == "independence") {
    plain <- glm(formula, family = fam, data = d, weights = given, control = glm.control(epsilon = 1e-15, maxit = 100))
    out$clubSandwich <- suppressWarnings(corrected(plain, factor(d$g)))
  } else if (fam$family == "gaussian") {
    held <- gls(formula, d, correlation = corCompSymm(out$alpha, ~ 1 | g, fixed = TRUE))
    out$clubSandwich <- corrected(held, factor(d$g))
  }
  out
}
both <- function(...) list(independence = one(..., corstr = "independence"), exchangeable = one(..., corstr = "exchangeable"))
out <- list(
  software = paste0("R ", R.version$major, ".", R.version$minor, ", geepack ", packageVersion("geepack"),
                    ", clubSandwich ", packageVersion("clubSandwich")),
  orthodont = both(distance ~ root_age + male, orthodont, gaussian()),
  contraception = both(y ~ urb + age + children, contraception, binomial()),
  contraception_weighted = list(independence = one(y ~ urb + age + children, contraception, binomial(), "independence", "w")),
  counts = both(y ~ arm + factor(period) + offset(log(person_years)), counts, poisson()),
  cbpp_log = both(y ~ first, people, binomial("log")),
  cbpp_identity = both(y ~ first, people, binomial("identity")),
  cbpp_modified_poisson = both(y ~ first, people, poisson("log"))
)
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = TRUE), file.path(here, "expected.json"))
