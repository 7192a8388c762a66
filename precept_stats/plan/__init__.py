"""The plan: its types, how it is read, what is wrong with it, and what it says in words."""
