"""Machine-checked lemmas behind `docs/SPECIFICATION.md`. Run them with `make prove`; see `docs/PROOFS.md`."""
