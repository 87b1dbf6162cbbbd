"""How Python talks to a chain."""
