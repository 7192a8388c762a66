# ---- numbers with every digit, versions, and which files were read --------------------------------------------------
noted <- function(what, value) data.frame(analysis = "", what = what, value = unname(value), mcse = NA)
version_of <- function(package) as.character(packageVersion(package))
numbers <- do.call(rbind, found)
if (!is.null(numbers)) numbers$value <- sprintf("%.17g", numbers$value)
out <- rbind(numbers, noted("software.R", paste(R.version$major, R.version$minor, sep = ".")),
             noted(paste0("software.", packages), vapply(packages, version_of, "")),
             noted(paste0("md5.", files), tools::md5sum(file.path(here, files))))
write.csv(out, file.path(here, "output.csv"), row.names = FALSE, na = "", quote = FALSE)
