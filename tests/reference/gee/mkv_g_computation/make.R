source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
suppressPackageStartupMessages(library(clubSandwich))
d <- here_only("mkvtrial.csv"); for (v in c("stratum", "agegp", "ethnicgp")) d[[v]] <- factor(d[[v]])
fit <- glm(know ~ arm + stratum + agegp + ethnicgp, binomial, d, control = glm.control(epsilon = 1e-14, maxit = 100))
V <- as.matrix(vcovCR(fit, d$community, "CR2"))
X <- lapply(0:1, function(a) { k <- d; k$arm <- a; model.matrix(delete.response(terms(fit)), k) })
means <- sapply(X, function(x) mean(plogis(x %*% coef(fit))))
slopes <- sapply(X, function(x) colMeans(as.vector(dlogis(x %*% coef(fit))) * x))
se <- function(g) sqrt(drop(g %*% V %*% g)); df <- length(unique(d$community)) - length(coef(fit))
loose <- function(numbers) lapply(numbers, function(x) replace(x, "rtol", 1e-8))
write_expected("g-computation by glm, the delta method with CR2 by clubSandwich::vcovCR",
               loose(c(effect(means[2] - means[1], se(slopes[, 2] - slopes[, 1]), df),
                       arm_mean("0", means[1], se(slopes[, 1]), df), arm_mean("1", means[2], se(slopes[, 2]), df))),
               packages = "clubSandwich")
