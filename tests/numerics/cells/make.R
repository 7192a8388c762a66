# Reference fits of mixed models on cells: nlme (residual variances by group, decay of single rows a cell),
# glmmTMB (decay of several rows a cell), lme4 with pbkrtest (exchangeable and nested exchangeable).
#   Rscript tests/numerics/cells/make.R
# Writes expected.json and data/*.csv. Orthodont is nlme's; sleepstudy lme4's; wedge.csv and parallel.csv
# are synthetic and made here.
suppressPackageStartupMessages({library(nlme); library(lme4); library(pbkrtest); library(glmmTMB); library(jsonlite)})
args <- commandArgs(trailingOnly = FALSE)
folder <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
options(contrasts = c("contr.treatment", "contr.poly"), digits = 17)
dir.create(file.path(folder, "data"), showWarnings = FALSE)
out <- list()
keep <- function(d, file) {
  d <- as.data.frame(lapply(as.data.frame(d), function(v) if (is.factor(v)) as.character(v) else v))
  write.csv(d, file.path(folder, "data", paste0(file, ".csv")), row.names = FALSE, quote = FALSE)
  d
}
# lme with both of its optimisers; the one that reaches the higher likelihood counts.
best <- function(arguments) {
  fits <- lapply(c("nlminb", "optim"), function(opt) {
    arguments$control <- lmeControl(maxIter = 500, msMaxIter = 500, niterEM = 50, tolerance = 1e-11, msTol = 1e-13, opt = opt,
                                    optimMethod = "BFGS", msMaxEval = 5000, returnObject = TRUE)
    do.call(lme, arguments)
  })
  fits[[which.max(sapply(fits, function(fit) as.numeric(logLik(fit))))]]
}
store <- function(name, data, program, reml, b, V, loglik, psi, sigma2) {
  out[[name]] <<- list(data = data, program = program, reml = reml, log_likelihood = as.numeric(loglik), names = names(b),
                       params = unname(b), vcov = unname(as.matrix(V)), psi = unname(psi), sigma2 = unname(sigma2))
}
by_group <- function(fit, levels) {
  ratio <- coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)
  unname((fit$sigma * ratio[levels])^2)
}

set.seed(20)
grid <- expand.grid(person = 1:6, period = 1:5, cluster = 1:12)
grid$cell <- (grid$cluster - 1) * 5 + grid$period
drop <- c(3, 17, 41, 60)
size <- sample(2:6, 60, replace = TRUE)
wedge <- grid[grid$person <= size[grid$cell] & !(grid$cell %in% drop), ]
step <- rep(1:4, 3) + 1
wedge$treated <- as.numeric(wedge$period >= step[wedge$cluster])
decay <- t(chol(0.7^abs(outer(1:5, 1:5, "-")))) %*% matrix(rnorm(60), 5)
effect <- rnorm(12, 0.4, 0.5)
wedge$x <- rnorm(nrow(wedge))
wedge$y <- 3 + 0.6 * decay[cbind(wedge$period, wedge$cluster)] + 0.15 * wedge$period + effect[wedge$cluster] * wedge$treated +
  0.3 * wedge$x + rnorm(nrow(wedge), 0, ifelse(wedge$treated == 1, 1.3, 0.9))
wedge$data_origin <- "synthetic"
wedge <- keep(wedge[, c("cluster", "period", "treated", "x", "y", "data_origin")], "wedge")

parallel <- data.frame(cluster = rep(1:14, times = sample(5:25, 14)))
parallel$arm <- parallel$cluster %% 2
parallel$y <- 1 + 0.3 * parallel$arm + rnorm(14, 0, 0.5)[parallel$cluster] + rnorm(nrow(parallel), 0, ifelse(parallel$arm == 1, 2, 1))
parallel$data_origin <- "synthetic"
parallel <- keep(parallel, "parallel")

nlme_case <- function(name, data, d, formula, random, group, structure, levels = NULL) {
  for (reml in c(TRUE, FALSE)) {
    arguments <- list(fixed = formula, data = d, random = random, method = if (reml) "REML" else "ML")
    if (!is.null(group)) arguments$weights <- varIdent(form = as.formula(paste("~ 1 |", group)))
    fit <- best(arguments)
    G <- lapply(fit$modelStruct$reStruct, function(s) as.matrix(s) * fit$sigma^2)
    psi <- switch(structure, exchangeable = c(G[[1]]), nested = c(G[["cluster"]], G[["period"]]),
                  random_intervention = G[[1]][lower.tri(G[[1]], diag = TRUE)])
    sigma2 <- if (is.null(group)) fit$sigma^2 else by_group(fit, levels)
    store(paste(name, if (reml) "reml" else "ml", sep = "_"), data, "nlme", reml, fixef(fit), fit$varFix, logLik(fit), psi, sigma2)
  }
}
d <- wedge; d$period <- factor(d$period); d$arm <- factor(d$treated)
by_period <- y ~ treated + period + x
nlme_case("wedge_exchangeable_by_arm", "wedge", d, by_period, ~ 1 | cluster, "arm", "exchangeable", c("0", "1"))
nlme_case("wedge_nested_by_arm", "wedge", d, by_period, ~ 1 | cluster/period, "arm", "nested", c("0", "1"))
nlme_case("wedge_intervention", "wedge", d, by_period, ~ treated | cluster, NULL, "random_intervention")
nlme_case("wedge_intervention_by_arm", "wedge", d, by_period, ~ treated | cluster, "arm", "random_intervention", c("0", "1"))
p <- parallel; p$group <- factor(p$arm)
nlme_case("parallel_by_arm", "parallel", p, y ~ arm, ~ 1 | cluster, "group", "exchangeable", c("0", "1"))
o <- as.data.frame(nlme::Orthodont); o$Subject <- as.character(o$Subject); o$Sex <- factor(as.character(o$Sex), c("Male", "Female"))
nlme_case("orthodont_by_sex", "orthodont", o, distance ~ age * Sex, ~ 1 | Subject, "Sex", "exchangeable", c("Male", "Female"))

# One row a cell: an exponential correlation with nugget is a decay and a residual.
gls_case <- function(name, data, d, formula, time, cluster) {
  for (reml in c(TRUE, FALSE)) {
    fit <- gls(formula, d, correlation = corExp(c(3, 0.3), form = as.formula(paste("~", time, "|", cluster)), nugget = TRUE),
               method = if (reml) "REML" else "ML", control = glsControl(tolerance = 1e-12, msTol = 1e-13, msMaxIter = 500, maxIter = 500))
    par <- coef(fit$modelStruct$corStruct, unconstrained = FALSE)
    s2 <- fit$sigma^2; n <- nrow(d)
    # gls by ML multiplies the covariance by n / (n - p)
    V <- fit$varBeta * if (reml) 1 else (n - length(coef(fit))) / n
    store(paste(name, if (reml) "reml" else "ml", sep = "_"), data, "nlme gls", reml, coef(fit), V, logLik(fit),
          c(s2 * (1 - par[[2]]), exp(-1 / par[[1]])), s2 * par[[2]])
  }
}
s <- lme4::sleepstudy
gls_case("sleepstudy_decay", "sleepstudy", s, Reaction ~ Days, "Days", "Subject")

# Several rows a cell: glmmTMB's ar1, with the dispersion by arm, taken to the optimum by Newton's steps.
# The covariance of glmmTMB holds the uncertainty of the variances too, so (X'V^-1X)^-1 is made from its estimates.
tmb_case <- function(name, dispersion) {
  d$time <- factor(d$period, levels = 1:5)
  for (reml in c(TRUE, FALSE)) {
    fit <- glmmTMB(y ~ treated + period + x + ar1(time + 0 | cluster), dispformula = dispersion, data = d, REML = reml)
    o <- fit$obj; par <- fit$fit$par
    for (i in 1:6) par <- par - solve(optimHess(par, o$fn, o$gr), c(o$gr(par)))
    value <- o$fn(par); all <- o$env$last.par
    b <- setNames(all[names(all) == "beta"], names(fixef(fit)$cond))
    theta <- all[names(all) == "theta"]; logs <- all[grepl("^betad", names(all))]
    sigma2 <- exp(c(logs[1], if (length(logs) > 1) sum(logs)))
    if (packageVersion("glmmTMB") >= "1.1.9") sigma2 <- sigma2^2
    psi <- c(exp(2 * theta[1]), theta[2] / sqrt(1 + theta[2]^2))
    X <- model.matrix(y ~ treated + period + x, d); time <- as.integer(d$period)
    V <- outer(d$cluster, d$cluster, "==") * psi[1] * psi[2]^abs(outer(time, time, "-"))
    diag(V) <- diag(V) + if (length(sigma2) == 1) sigma2 else sigma2[d$treated + 1]
    store(paste(name, if (reml) "reml" else "ml", sep = "_"), "wedge", "glmmTMB", reml, b, solve(t(X) %*% solve(V, X)), -value, psi, sigma2)
  }
}
tmb_case("wedge_decay", ~ 1)
tmb_case("wedge_decay_by_arm", ~ arm)

# lme4 and pbkrtest.
tight <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE, check.conv.singular = "ignore",
                     optCtrl = list(rhobeg = 0.1, rhoend = 1e-11, maxfun = 1e5))
lmer_case <- function(name, formula, L) {
  fit <- lmer(formula, d, REML = TRUE, control = tight)
  b <- fixef(fit); A <- vcovAdj(fit)
  random <- as.data.frame(VarCorr(fit)); random <- setNames(random$vcov, random$grp)
  terms <- intersect(c("cluster", "cluster:period"), names(random))
  store(name, "wedge", "lme4", TRUE, b, vcov(fit), logLik(fit), random[terms], random[["Residual"]])
  kr <- KRmodcomp(fit, L)$stats
  out[[name]]$kenward_roger <<- list(vcov = unname(as.matrix(A)), L = L, joint = kr[c("ndf", "ddf", "Fstat", "F.scaling", "p.value")],
    df = sapply(seq_along(b), function(i) Lb_ddf(diag(length(b))[i, , drop = FALSE], vcov(fit), A)))
  effects <- ranef(fit, condVar = FALSE)$cluster
  out[[name]]$random <<- list(names = rownames(effects), values = effects[[1]])
}
L <- matrix(0, 4, 7); L[cbind(1:4, 3:6)] <- 1
lmer_case("wedge_exchangeable", y ~ treated + period + x + (1 | cluster), L)
lmer_case("wedge_nested", y ~ treated + period + x + (1 | cluster) + (1 | cluster:period), L)

versions <- sapply(c("nlme", "lme4", "pbkrtest", "glmmTMB"), function(p) as.character(packageVersion(p)))
writeLines(toJSON(list(meta = c(list(R = R.version.string), as.list(versions)), fits = out), digits = 17, auto_unbox = TRUE, pretty = TRUE),
           file.path(folder, "expected.json"))
