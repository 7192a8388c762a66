"""Measures of inequality held to other programs, closed forms and simulation."""
