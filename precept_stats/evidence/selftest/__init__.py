"""The self-test of an installation: what is there, and whether it gives the numbers that it should."""
