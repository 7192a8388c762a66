"""Panels of units and periods: two-way fixed effects, imputation, and what a coefficient is made of."""
