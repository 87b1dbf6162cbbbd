"""A keeper: knows every position of a vault, chooses what is worth closing, and closes it."""
