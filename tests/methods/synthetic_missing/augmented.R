# Doubly robust equations augmented over both arms, on the synthetic people of make.R made uneven: run in this folder
# after it. Plain M-estimation: every equation as it is written in Prague et al. (2016), stacked, with derivatives by
# complex steps (exact to rounding). Nothing but base R and jsonlite.
library(jsonlite)
d <- read.csv("people.csv")
d <- d[!d$unit %in% c("U20", "U22", "U24"), ]                   # 12 clusters usual, 9 new
place <- ave(seq_len(nrow(d)), d$unit, FUN = seq_along)
number <- as.integer(substr(d$unit, 2, 3))
d <- d[place <= 12 + number %% 14, ]                            # sizes from 12 to 25
d$region <- ifelse(as.integer(substr(d$unit, 2, 3)) <= 9, "north", "south")
write.csv(d, "uneven.csv", row.names = FALSE, quote = FALSE)

cl <- as.integer(factor(d$unit)); K <- max(cl); n <- as.numeric(table(cl))[cl]
a <- as.numeric(d$arm == "new"); south <- as.numeric(d$region == "south"); first <- !duplicated(cl)
r <- as.numeric(!is.na(d$y)); e <- 1e-20
expit <- function(x) 1 / (1 + exp(-x))
jac <- function(f, x) sapply(seq_along(x), function(j) Im(f(replace(as.complex(x), j, x[j] + 1i * e))) / e)
col <- function(M, b) as.vector(M %*% b)

# columns: X(a) of the marginal model; Z(a) of the models, with a part for each arm or one term for the arm
answer <- function(y, binary, p = NA, by_arm = TRUE, strata = FALSE, adjust = FALSE, average = FALSE) {
  mean_of <- if (binary) expit else identity
  y0 <- ifelse(is.na(y), 0, y); cw <- if (average) 1 / n else rep(1, length(y))
  centre <- function(v) v - sum(v * cw) / sum(cw)
  X <- function(a) cbind(1 - a, a, if (strata) centre(south), if (adjust) centre(d$age))
  base <- cbind(1, d$age, if (strata) south)
  Z <- function(a) if (by_arm) cbind((1 - a) * base, a * base) else cbind(base, a)
  zero <- rep(0, length(a)); one <- zero + 1
  X0 <- X(zero); X1 <- X(one); Z0 <- Z(zero); Z1 <- Z(one); Za <- Z(a); Xa <- X(a)
  fam <- if (binary) binomial else gaussian
  tight <- glm.control(epsilon = 1e-15, maxit = 100)
  alpha <- coef(glm(r ~ Za - 1, family = binomial, control = tight))
  gamma <- coef(glm(y ~ Za - 1, family = fam, control = tight))
  stratum <- if (strata) south + 1 else one
  known <- !is.na(p)
  share <- if (known) numeric(0) else as.numeric(tapply(a[first], stratum[first], mean))
  b <- ncol(X0); q <- length(alpha)
  psi <- function(t) {
    beta <- t[1:b]; w <- r / expit(col(Za, t[b + 1:q])); g <- t[b + q + 1:q]
    pr <- if (known) one * p else t[b + 2 * q + seq_along(share)][stratum]
    B0 <- mean_of(col(Z0, g)); B1 <- mean_of(col(Z1, g)); Ba <- ifelse(a == 1, B1, B0)
    main <- Xa * (cw * w * (y0 - Ba)) + X1 * (cw * pr * (B1 - mean_of(col(X1, beta)))) +
      X0 * (cw * (1 - pr) * (B0 - mean_of(col(X0, beta))))   # canonical link: D' V^-1 = X'
    rows <- cbind(main, Za * (r - expit(col(Za, t[b + 1:q]))), Za * (r * (y0 - Ba)))
    if (!known) rows <- cbind(rows, sapply(seq_along(share), function(s) first * (stratum == s) * (a - pr)))
    rows }
  theta <- c(rep(0, b), alpha, gamma, share)
  for (step in 1:30) {
    whole <- function(beta) colSums(psi(c(beta, theta[-(1:b)])))[1:b]
    theta[1:b] <- theta[1:b] - solve(jac(whole, theta[1:b]), Re(whole(theta[1:b]))) }
  means <- function(beta) c(sum(cw * mean_of(col(X0, beta))), sum(cw * mean_of(col(X1, beta)))) / sum(cw)
  scores <- Re(rowsum(psi(theta), cl, reorder = TRUE))
  A <- solve(jac(function(t) colSums(psi(t)), theta))
  se <- function(S) {
    V <- A %*% crossprod(S) %*% t(A)
    G <- c(jac(function(beta) diff(means(beta)), theta[1:b]), rep(0, length(theta) - b)); sqrt(sum(G * (V %*% G))) }
  out <- list(means = Re(means(theta[1:b])), difference = diff(Re(means(theta[1:b]))), se = se(scores))
  if (b == 2) {                                # Kauermann-Carroll: a cluster's share of the weight of its arm
    k <- tapply(cw, cl, sum); of <- tapply(a, cl, mean) + 1; h <- k / tapply(k, of, sum)[of]
    lifted <- scores; at <- cbind(seq_len(K), of); lifted[at] <- scores[at] / sqrt(1 - h)
    out$se_kauermann_carroll <- se(lifted) }
  out }

cases <- function(y, binary) list(
  share = answer(y, binary), declared = answer(y, binary, p = 0.4), one_model = answer(y, binary, by_arm = FALSE),
  cluster_average = answer(y, binary, average = TRUE), strata = answer(y, binary, strata = TRUE),
  adjusted = answer(y, binary, adjust = TRUE))
write_json(list(software = paste("R", getRversion()), continuous = cases(d$y, FALSE), binary = cases(d$event, TRUE)),
  "augmented.json", digits = 15, auto_unbox = TRUE, pretty = TRUE)
