"""Draws of missing outcomes from Bayesian models with a random intercept of clusters."""
