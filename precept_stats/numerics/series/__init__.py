"""One series in time: its columns, its regressions with serially correlated errors, and their diagnostics."""
