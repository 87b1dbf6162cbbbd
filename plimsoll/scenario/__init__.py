"""Scripted liquidation scenarios: what happens, to whom, and the run that plays it on a chain."""
