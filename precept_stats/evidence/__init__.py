"""What a reviewer holds in their hands: the results folder, written whole or not at all."""
