"""From a fit to numbers a reader can use."""
