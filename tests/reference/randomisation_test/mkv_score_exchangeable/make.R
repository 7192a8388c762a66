source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages(library(geepack))
d <- here_only("mkvtrial.csv")
d <- d[!is.na(d$know), ]
d <- d[order(d$community), ]
one <- d[!duplicated(d$community), ]
Z <- every_allocation(one$arm, one$stratum)
used <- which(rowSums(Z != matrix(one$arm, nrow(Z), nrow(one), byrow = TRUE)) == 0)
d$one <- 1
tight <- geese.control(epsilon = 1e-13, maxit = 200)
# Efficient scores over their robust standard error, cluster by cluster with dense matrices.
statistics <- function(shift, Z) {
  d$v <- d$know - shift * d$arm
  fit <- geeglm(v ~ factor(stratum), id = community, data = d, corstr = "exchangeable", control = tight)
  alpha <- fit$geese$alpha; X <- model.matrix(fit); r <- d$v - as.vector(X %*% coef(fit))
  pieces <- lapply(split(seq_len(nrow(d)), d$community), function(at) {
    inverse <- solve((1 - alpha) * diag(length(at)) + alpha)
    list(s = sum(inverse %*% r[at]), u = t(X[at, ]) %*% inverse %*% r[at],
         h = colSums(inverse %*% X[at, ]), I = t(X[at, ]) %*% inverse %*% X[at, ])
  })
  bread <- solve(Reduce(`+`, lapply(pieces, `[[`, "I")))
  s <- sapply(pieces, `[[`, "s"); u <- sapply(pieces, `[[`, "u"); h <- sapply(pieces, `[[`, "h")
  apply(Z, 1, function(z) {
    efficient <- z * s - as.vector(t(u) %*% bread %*% (h %*% z))
    sum(efficient) / sqrt(sum(efficient^2))
  })
}
t <- abs(statistics(0, Z))
full <- geeglm(know ~ factor(stratum) + arm, id = community, data = d, corstr = "exchangeable", control = tight)
write_expected("geeglm without arm, then efficient scores over their robust standard error, 28,000 allocations",
  list(
    number("estimate.estimate", unname(coef(full)["arm"]), 1e-7),
    number("estimate.statistic", statistics(0, Z[used, , drop = FALSE]), 1e-6),
    number("estimate.p_value", mean(t >= t[used] * (1 - 1e-9))),
    number("fit.n_allocations", nrow(Z)), number("fit.smallest_p", mean(t >= max(t) * (1 - 1e-9)))
  ))
