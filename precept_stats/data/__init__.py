"""Data: what a file must hold, reading it, checking it, and saying how good it is."""
