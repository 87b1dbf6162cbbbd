"""Plimsoll beside the protocols people would pick instead: one chain, the same tokens, feeds and amounts."""
