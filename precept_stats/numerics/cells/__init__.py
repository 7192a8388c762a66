"""Linear mixed models whose random effects live on cells (cluster by period), by REML and ML."""
