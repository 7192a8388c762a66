# Ordered groups: slope and concentration indices by R's own lm and glm, their delta-method standard errors by
# central differences of the whole computation, and a random-effects variance with its Q profile by uniroot.
# Rscript ordered.R > ordered.json
suppressMessages(library(jsonlite))
cases <- list(
  quintiles = list(y = c(61.2, 70.5, 83.1, 88.4, 95.7), n = c(2072, 2240, 1986, 2105, 1884), rank = 1:5),
  ties = list(y = c(12.1, 9.4, 8.8, 10.2, 6.1, 5.9, 4.4), n = c(410, 820, 515, 990, 1210, 660, 730),
              rank = c(1, 2, 2, 3, 4, 5, 5)),
  thirty_four = list(y = 50 + 0.9 * (1:34) + 6 * sin(1:34), n = 300 + 37 * ((1:34 * 7) %% 11), rank = 1:34)
)
top <- 100
measures <- function(y, w, rank) {
  share <- sapply(rank, function(r) sum(w[rank < r]) + sum(w[rank == r]) / 2)
  mu <- sum(w * y)
  aci <- sum(w * (2 * share - 1) * y)
  ends <- data.frame(share = c(1, 0))
  line <- predict(lm(y ~ share, weights = w), ends)
  tight <- glm.control(epsilon = 1e-15, maxit = 200)
  logit <- top * predict(suppressWarnings(glm(y / top ~ share, weights = w, family = quasibinomial(), control = tight)),
                         ends, type = "response")
  logs <- predict(glm(y ~ share, weights = w, family = quasipoisson(), control = tight), ends, type = "response")
  c(aci = aci, rci = aci / mu, erreygers = 4 * aci / top, wagstaff = aci * top / ((top - mu) * mu),
    sii_linear = line[[1]] - line[[2]], rii_linear = line[[1]] / line[[2]],
    sii_logit = logit[[1]] - logit[[2]], rii_logit = logit[[1]] / logit[[2]],
    sii_log = logs[[1]] - logs[[2]], rii_log = logs[[1]] / logs[[2]])
}
profile_tau2 <- function(y, v) {
  q <- function(t) { w <- 1 / (v + t); sum(w * (y - sum(w * y) / sum(w))^2) }
  df <- length(y) - 1
  at <- function(target) if (q(0) <= target) 0 else uniroot(function(t) q(t) - target, c(0, 1e5), tol = 1e-13)$root
  c(q = q(0), lower = at(qchisq(0.975, df)), upper = at(qchisq(0.025, df)))
}
answer <- lapply(cases, function(case) {
  y <- case$y; w <- case$n / sum(case$n)
  v <- y * (top - y) / case$n
  found <- measures(y, w, case$rank)
  slopes <- sapply(seq_along(y), function(k) {
    h <- 1e-4 * y[k]; up <- y; down <- y; up[k] <- y[k] + h; down[k] <- y[k] - h
    far_up <- y; far_down <- y; far_up[k] <- y[k] + 2 * h; far_down[k] <- y[k] - 2 * h
    (8 * (measures(up, w, case$rank) - measures(down, w, case$rank)) -
       (measures(far_up, w, case$rank) - measures(far_down, w, case$rank))) / (12 * h)
  })
  list(y = y, n = case$n, rank = case$rank, value = as.list(found),
       std_error = as.list(sqrt(drop(slopes^2 %*% v))), profile = as.list(profile_tau2(y, v)))
})
cat(toJSON(c(list(meta = list(R = R.version.string, top = top)), answer), auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
