"""What a reader can work out of released rows: their cells, the relations between them, and the attack."""
