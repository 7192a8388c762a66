# geepack on the data of gee.py: Rscript gee_peer.R data.csv -> CPU seconds, effect and robust standard error
suppressPackageStartupMessages(library(geepack))
d <- read.csv(commandArgs(trailingOnly = TRUE)[1])
took <- system.time(fit <- geeglm(yb ~ trt + factor(per) + x1 + x2, binomial, d, id = factor(cl), corstr = "exchangeable"))
cat(sum(took[c("user.self", "sys.self")]), coef(fit)[["trt"]], sqrt(vcov(fit)["trt", "trt"]),
    as.character(packageVersion("geepack")), "\n")
