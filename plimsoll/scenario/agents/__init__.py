"""The agents of a scenario; see `view`."""
