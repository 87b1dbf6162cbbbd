"""What a basket costs its lenders and borrowers, and what picking legs brings a liquidator."""
