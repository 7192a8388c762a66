source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
s <- schools(d, columns); s <- s[s$pair %in% names(which(table(s$pair) == 2)), ]; others <- model.matrix(~ factor(pair), s)
fit <- two_stage(s$Bagrut_status, s$received, s$treated, others)
write_expected("2SLS on means of paired schools with pairs as factors; vcovCR(type = 'CR2'); synthetic receipt",
               cace(fit, s$id), first_stage(s$received, s$treated, others, s$id), packages = SOFTWARE)
