source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
source(file.path(case_folder, "..", "oracle.R"))
s <- schools(d, columns); others <- model.matrix(~ school_type, s)
fit <- two_stage(s$Bagrut_status, s$received, s$treated, others, s$n)
write_expected("weighted 2SLS on school means within types of school; vcovCR(type = 'CR2') of rows times the root of size; synthetic receipt",
               cace(fit, s$id), first_stage(s$received, s$treated, others, s$id, s$n), packages = SOFTWARE)
