"""Verifying a bundle that somebody else made: what was checked, at which level, and what was found."""
