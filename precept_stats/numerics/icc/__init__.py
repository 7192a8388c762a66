"""Intracluster correlations: estimators on arrays of clusters, and their large-sample variances."""
