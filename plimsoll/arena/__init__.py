"""Liquidation rules side by side: the same people, prices, venues and keepers, another rule. See `play`."""
