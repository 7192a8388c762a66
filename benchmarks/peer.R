# One task by a program of R, in a process of its own: Rscript peer.R program kind table.csv formula nodes
# The last line of output is the answer, in the words of timing.py.
args <- commandArgs(trailingOnly = TRUE)
program <- args[1]; kind <- args[2]; formula <- as.formula(args[4]); nodes <- as.integer(args[5])
suppressPackageStartupMessages({library(lme4); if (program == "pbkrtest") library(pbkrtest); if (program == "glmmTMB") library(glmmTMB)})
d <- read.csv(args[3], stringsAsFactors = TRUE); if (!is.null(d$cp)) d$cp <- factor(d$cp)
term <- if (is.null(d$service)) "trt" else "service"
answer <- function(fit, V, b) list(log_likelihood = as.numeric(logLik(fit)), effect = b[[term]], std_error = sqrt(V[term, term]))
work <- function() suppressWarnings(switch(program,
  lme4 = { m <- if (kind == "glmm") glmer(formula, d, family = binomial, nAGQ = nodes) else lmer(formula, d)
           answer(m, as.matrix(vcov(m)), fixef(m)) },
  glmmTMB = { m <- if (kind == "glmm") glmmTMB(formula, d, family = binomial) else glmmTMB(formula, d, REML = TRUE)
              answer(m, vcov(m)$cond, fixef(m)$cond) },
  pbkrtest = { m <- lmer(formula, d); A <- vcovAdj(m); L <- matrix(as.numeric(names(fixef(m)) == term), 1)
               c(answer(m, as.matrix(A), fixef(m)), df = Lb_ddf(L, vcov(m), A)) }))
memory <- function(field) { s <- tryCatch(readLines("/proc/self/status"), error = function(e) character(0))
  s <- grep(paste0("^", field), s, value = TRUE); if (length(s)) as.numeric(gsub("[^0-9]", "", s)) / 1024 else NA }
invisible(gc()); tryCatch(cat("5", file = "/proc/self/clear_refs"), error = function(e) NULL)
before <- memory("VmRSS"); first <- system.time(out <- work())[["elapsed"]]; peak <- memory("VmHWM"); times <- c()
while (first < 10 && length(times) < 7 && sum(times) < 10) times <- c(times, system.time(out <- work())[["elapsed"]])
found <- c(list(first = first, seconds = if (length(times)) median(times) else first, runs = length(times), memory_mb = max(0, peak - before)), out)
cat("\n{", paste(sprintf('"%s": %s', names(found), sapply(found, function(v) if (is.finite(v)) format(v, digits = 15) else "null")), collapse = ", "), "}\n", sep = "")
