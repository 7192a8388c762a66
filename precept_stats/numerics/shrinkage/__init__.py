"""Areas drawn towards what they have in common: multilevel estimates, their errors, and ranks."""
