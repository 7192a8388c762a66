# Restricted pseudo-likelihood by the R loop of pseudo.R, beside the reference cases.
#   Rscript tests/numerics/glmm/rspl.R [folder of the data that do not ship]
library(jsonlite)
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", args, value = TRUE))))
given <- commandArgs(trailingOnly = TRUE)
elsewhere <- if (length(given)) given[1] else Sys.getenv("PRECEPT_DATA")

source(file.path(here, "../../reference/generalised_linear_mixed/pseudo.R"))
one <- function(d, y, terms, g, fam, size = NULL) {
  k <- cells(d, y, terms, g, size)
  for (f in setdiff(terms, c("arm", "treated"))) k[[f]] <- factor(k[[f]])
  rspl(model.matrix(reformulate(terms), k), k$.y, k$.n, k[[g]], fam)
}
awards <- read.csv(file.path(here, "../../../analysis_plans/data/achievement_awards/achievement_awards_girls2001.csv"))
out <- list(
  cbpp_logit = one(read.csv(file.path(here, "data/cbpp.csv")), "incidence", "period", "herd", binomial(), "size"),
  cbpp_probit = one(read.csv(file.path(here, "data/cbpp.csv")), "incidence", "period", "herd", binomial("probit"), "size"),
  awards = one(awards, "Bagrut_status", c("treated", "school_type"), "school_id", binomial()),
  counts = one(read.csv(file.path(here, "data/counts.csv")), "events", c("arm", "period"), "unit", poisson(), "person_years")
)
if (nzchar(elsewhere)) {
  mkv <- read.csv(file.path(elsewhere, "mkvtrial.csv"))
  out$mkv_unadjusted <- one(mkv, "know", "arm", "community", binomial())
  out$mkv_adjusted <- one(mkv, "know", c("arm", "stratum", "agegp", "ethnicgp"), "community", binomial())
}
out$software <- R.version.string
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = TRUE), file.path(here, "rspl.json"))
