"""Generalised estimating equations: marginal regression of clustered outcomes and its sandwich variances."""
