"""A second engine for the analyses of a bundle: an R script with its data, and its answers read back."""
