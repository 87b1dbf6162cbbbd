"""A market to hold in the hand."""
