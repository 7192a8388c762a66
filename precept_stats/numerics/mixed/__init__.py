"""Linear mixed models by REML and ML on sufficient statistics (Bates et al. 2015, J Stat Softw 67(1))."""
