"""Generalised linear mixed models with one random intercept by cluster, by maximum likelihood."""
