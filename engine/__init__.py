"""The model, its training and its exploration: torch and numpy, never Qt."""
