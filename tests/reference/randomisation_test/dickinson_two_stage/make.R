source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "..", "..", "tools.R"))
d <- dickinson()
k <- by_cluster(d, "county", "outcome", keep = "arm")
e <- expected_totals(outcome ~ location + inciis + uptodateonimmunizations + hispanic + factor(incomecat), binomial, d, "county")
write_expected("glm without arm, then the 1,287 saved allocations of its residuals (cptest of cvcrand)",
               randomisation((k$y - e) / k$n, k$arm, Z = dickinson_schemes()))
