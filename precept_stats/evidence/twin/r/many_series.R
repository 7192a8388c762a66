# ---- many series in one generalised linear mixed model: glmmTMB (Laplace), means averaged over the random effects ---
# Columns of the random effects of a grouping: level, trend where it is random, shapes of the first interruption.
random_columns <- function(d, s, columns, differ) {
  own <- which(columns$owner == 1 & columns$kind %in% differ$shapes)
  Z <- cbind(1, if (differ$trend) d$time, columns$X[, own, drop = FALSE]); colnames(Z) <- paste0("z", seq_len(ncol(Z)))
  list(Z = Z, own = c(FALSE, if (differ$trend) FALSE, rep(TRUE, length(own))))
}
covariance_from <- function(theta, q, correlated) {
  sds <- exp(theta[seq_len(q)])
  if (!correlated || q == 1) return(diag(sds^2, q))
  U <- diag(q); U[upper.tri(U)] <- theta[-seq_len(q)]
  diag(sds) %*% cov2cor(crossprod(U)) %*% diag(sds)
}
multilevel_its <- function(d, s) {
  columns <- series_columns(d, s); size_of <- apply(abs(columns$X), 2, max); X <- sweep(columns$X, 2, size_of, "/")
  used <- d$used == 1; rows <- data.frame(events = round(d$y * d$size)[used], size = d$size[used]); rows$X <- X[used, ]
  text <- if (s$link == "logit") "cbind(events, size - events) ~ X - 1" else "events ~ X - 1 + offset(log(size))"
  terms <- lapply(seq_along(s$random), function(i) {
    differ <- s$random[[i]]; term <- random_columns(d, s, columns, differ)
    scale <- apply(abs(term$Z), 2, max); term$Z <- sweep(term$Z, 2, scale, "/"); term$q <- ncol(term$Z)
    term$correlated <- differ$correlated; term$count <- if (term$correlated && term$q > 1) term$q * (term$q + 1) / 2 else term$q
    rows[[paste0("Z", i)]] <<- term$Z[used, , drop = FALSE]; rows[[paste0("g", i)]] <<- factor(d[[differ$by]][used]); term
  })
  for (i in seq_along(terms))
    text <- paste0(text, if (terms[[i]]$correlated) " + (0 + Z" else " + diag(0 + Z", i, " | g", i, ")")
  fit <- glmmTMB::glmmTMB(as.formula(text), rows, if (s$link == "logit") binomial() else poisson())
  par <- fit$fit$par; slope <- function(p) as.vector(fit$obj$gr(p))
  for (step in 1:4) par <- par - solve(numDeriv::jacobian(slope, par), slope(par))
  V <- solve(numDeriv::jacobian(slope, par)); V <- (V + t(V)) / 2; p <- ncol(X)
  # the variance that random effects add to each predictor, with the change and without it
  spread <- function(par, with) {
    total <- 0; at <- p
    for (term in terms) {
      G <- covariance_from(par[at + seq_len(term$count)], term$q, term$correlated); at <- at + term$count
      Z <- term$Z; if (!with) Z[, term$own] <- 0
      total <- total + rowSums((Z %*% G) * Z)
    }
    sqrt(total)
  }
  points <- seq(-9, 9, by = 0.02); weight <- dnorm(points) / sum(dnorm(points))
  average <- function(eta, sd) if (s$link == "log") exp(eta + sd^2 / 2) else
    mapply(function(e, v) sum(weight * plogis(e + v * points)), eta, sd)
  own <- columns$owner == s$at; df <- if (s$df == "normal") Inf else s$groups - 1
  if (s$change %in% c("level_change", "slope_change")) {
    j <- which(own & columns$kind %in% (if (s$change == "level_change") c("step", "phased") else "ramp"))
    return(say_effect(par[j] / size_of[j], sqrt(V[j, j]) / size_of[j], df, s$level, TRUE))
  }
  since <- d[[paste0("since", s$at)]]; asked <- which(d$treated == 1 & !is.na(since) & since >= s$from & since <= s$to)
  w <- d$size[asked] / sum(d$size[asked]); bare <- X; bare[, own] <- 0
  value <- function(par) {
    b <- par[seq_len(p)]
    up <- sum(w * average(as.vector(X[asked, ] %*% b), spread(par, TRUE)[asked]))
    down <- sum(w * average(as.vector(bare[asked, ] %*% b), spread(par, s$at != 1)[asked]))
    switch(s$scale, difference = (if (s$change == "cumulative") sum(d$size[asked]) else 1) * (up - down),
           ratio = log(up / down), odds_ratio = qlogis(up) - qlogis(down))
  }
  g <- numDeriv::grad(value, par)
  say_effect(value(par), sqrt(sum(g * (V %*% g))), df, s$level, s$scale != "difference")
}
