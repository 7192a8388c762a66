"""When two statistics are the same: arithmetic in another order must not tell them apart."""

TIE = 1e-11
"""Statistics that differ by less than this share of the largest are equal."""
