# Rscript make.R > adjusted.json : R's p.adjust on families of p-values, ties and ends among them.
set.seed(20240501)
families <- c(
  list(c(0.01, 0.02, 0.03, 0.04, 0.05), c(0.02, 0.055, 0.012), c(0.04), c(0, 1, 0.5, 0.5), c(0.03, 0.03, 0.03)),
  lapply(c(2, 3, 5, 8, 13), function(m) runif(m)),
  lapply(c(2, 4, 7, 11), function(m) rbeta(m, 0.3, 6))
)
cases <- lapply(families, function(p) c(list(p = I(p)), sapply(
  c("bonferroni", "holm", "hochberg"), function(kind) I(p.adjust(p, kind)), simplify = FALSE
)))
cat(jsonlite::toJSON(list(R = R.version.string, cases = cases), digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
