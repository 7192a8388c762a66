"""The sections of a report: each a function from released rows and the plan to blocks."""
