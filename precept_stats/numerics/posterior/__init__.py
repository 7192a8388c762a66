"""Log densities of parameters with random effects integrated out, and the laws of priors."""
