"""What strangers may hand over to hurt whoever opens it, and what becomes of it."""
