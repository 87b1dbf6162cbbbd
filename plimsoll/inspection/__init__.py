"""Pools, vaults and positions of an address book at a glance: read with the Lens, shown in the terminal."""
