"""How systems close positions: a file each, with its source and version. Own words and code."""
