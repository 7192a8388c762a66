"""Numerics: arrays in, frozen records out. Nothing here knows a trial, a plan or a column name."""
