"""The documentation site: `make docs`. See `website/hooks.py`."""
