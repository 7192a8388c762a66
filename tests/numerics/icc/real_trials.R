# Correlations of a logistic model with random clusters, linearised (Goldstein, Browne and Rasbash 2002): the
# likelihood by Laplace's approximation written out, since glmer stops short of its maximum.
# PRECEPT_DATA=... Rscript real_trials.R, from this folder, prints what stands under `laplace` in real_trials.json.
# Its other numbers are of R 4.2.2 with ICC 2.4.0, lme4 1.1.31 and aod 1.3.3.
laplace <- function(q, y, n) {
  b <- q[1]; s <- exp(q[2])
  -sum(mapply(function(y, n) {
    v <- 0
    for (i in 1:200) { p <- plogis(b + s * v); v <- v + (s * (y - n * p) - v) / (1 + s^2 * n * p * (1 - p)) }
    p <- plogis(b + s * v)
    y * log(p) + (n - y) * log1p(-p) - v^2 / 2 - log(1 + s^2 * n * p * (1 - p)) / 2
  }, y, n))
}
slopes <- function(q, f, h = 1e-4) sapply(1:2, function(j) {
  e <- replace(c(0, 0), j, h); (8 * (f(q + e) - f(q - e)) - (f(q + 2 * e) - f(q - 2 * e))) / (12 * h) })
linearised <- function(y, n) {
  f <- function(q) laplace(q, y, n)
  q <- optim(c(qlogis(sum(y) / sum(n)), -1), f, method = "BFGS", control = list(reltol = 1e-15))$par
  for (i in 1:5) {
    H <- sapply(1:2, function(j) { e <- replace(c(0, 0), j, 1e-3); (slopes(q + e, f) - slopes(q - e, f)) / 2e-3 })
    q <- q - solve(H, slopes(q, f))
  }
  stopifnot(max(abs(slopes(q, f))) < 1e-8)
  v <- exp(2 * q[2]) * plogis(q[1]) * (1 - plogis(q[1])); v / (1 + v)
}
of <- function(y, g) linearised(tapply(y, g, sum), tapply(y, g, length))
mkv <- read.csv(file.path(Sys.getenv("PRECEPT_DATA"), "mkvtrial.csv"))
awards <- read.csv("../../../analysis_plans/data/achievement_awards/achievement_awards_girls2001.csv")
herds <- aggregate(cbind(incidence, size) ~ herd, lme4::cbpp, sum)
cat(sprintf("mkvtrial %.10f\nawards %.10f\ncbpp %.10f\n", of(mkv$know, mkv$community),
  of(awards$Bagrut_status, awards$school_id), linearised(herds$incidence, herds$size)))
