"""Plimsoll's Python side: the exact model of the contracts, chain access, scenarios and reports."""

__version__ = "0.1.0"
