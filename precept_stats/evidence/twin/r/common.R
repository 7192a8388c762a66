# Analyses of a plan, once more by R. Written by precept_stats; README.txt says what to do with it.
#   Rscript twin.R
# Reads the tables beside it and writes output.csv. Nothing else is read or written.
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])))

# ---- for all analyses -----------------------------------------------------------------------------------------
# `d` is a table of analysis rows as README.txt describes it; `s` is what the plan sets. `say` keeps a number under
# the name of the row that it is held against; `mcse` is its Monte Carlo standard error where it was drawn.
options(contrasts = c("contr.treatment", "contr.poly"), digits = 17, scipen = 0, warn = 1)
found <- list()
current <- ""
say <- function(what, value, mcse = NA) {
  if (length(value) == 1 && is.finite(value))
    found[[length(found) + 1]] <<- data.frame(analysis = current, what = what, value = unname(value), mcse = mcse)
}
# An effect with its t (or, df being Inf, normal) interval; with log, estimate and se are on the log scale.
say_effect <- function(estimate, se, df, level, log = FALSE, context = "estimate") {
  back <- if (log) exp else identity
  half <- qt(1 - (1 - level) / 2, df) * se
  at <- function(stat) if (grepl("[", context, fixed = TRUE)) sub("[", paste0(".", stat, "["), context, fixed = TRUE) else paste0(context, ".", stat)
  say(at("estimate"), back(estimate)); say(at("std_error"), se); say(at("df"), df)
  say(at("statistic"), estimate / se); say(at("p_value"), 2 * pt(-abs(estimate / se), df))
  say(at("conf_low"), back(estimate - half)); say(at("conf_high"), back(estimate + half))
}
# The mean of arm 0 or 1.
say_mean <- function(arm, estimate, se, df, level, back = identity) {
  half <- qt(1 - (1 - level) / 2, df) * se
  at <- function(stat) paste0("arm_summary.", stat, "[arm=", arm, "]")
  say(at("estimate"), back(estimate)); say(at("std_error"), se)
  say(at("conf_low"), back(estimate - half)); say(at("conf_high"), back(estimate + half))
}
# Columns x1, x2, ... of the covariates; 0/1 columns of a factor but its first level; columns about their means.
covariates <- function(d) as.matrix(d[, grepl("^x[0-9]+$", names(d)), drop = FALSE])
dummies <- function(f) {
  f <- factor(f)
  if (nlevels(f) < 2) return(matrix(0, length(f), 0))
  out <- model.matrix(~ f)[, -1, drop = FALSE]
  colnames(out) <- paste0("f", levels(f)[-1])
  out
}
about <- function(X, w = rep(1, nrow(X))) sweep(X, 2, colSums(w * X) / sum(w))
has <- function(d, column) column %in% names(d)
constant_within <- function(v, g) all(tapply(v, g, function(u) max(u) == min(u)))
cluster_level <- function(X, cluster) if (ncol(X)) apply(X, 2, constant_within, g = cluster) else logical(0)
blocks_of <- function(d) if (has(d, "pair")) dummies(d$pair) else if (has(d, "stratum")) dummies(d$stratum) else matrix(0, nrow(d), 0)
gradient_of <- function(f, at) numDeriv::grad(f, at, method.args = list(r = 6))
# One row a cluster: total, denominator, mean, and columns that are constant within it.
by_cluster <- function(d) {
  g <- factor(d$cluster)
  first <- d[match(levels(g), d$cluster), , drop = FALSE]
  first$total <- as.vector(tapply(d$y, g, sum)); first$n <- as.vector(tapply(d$size, g, sum))
  first$m <- first$total / first$n
  X <- covariates(d)
  for (name in colnames(X)) first[[name]] <- as.vector(tapply(d$size * X[, name], g, sum)) / first$n
  first
}
# Rows that stand for several people of a binary outcome are told apart again: events first.
individually <- function(d, outcome) {
  if (outcome != "binary" || all(d$size == 1)) return(d)
  out <- d[rep(seq_len(nrow(d)), d$size), ]
  out$y <- unlist(mapply(function(y, n) rep(1:0, c(y, n - y)), d$y, d$size, SIMPLIFY = FALSE)); out$size <- 1
  out
}
# One analysis: function f of the rows in a file. What goes wrong is told, and leaves the analysis without numbers.
one <- function(analysis, file, f, s) {
  current <<- analysis
  message(analysis)
  tryCatch(f(read.csv(file.path(here, file)), s), error = function(e) {
    message(analysis, ": ", conditionMessage(e))
    found <<- Filter(function(row) row$analysis != analysis, found)
  })
}
