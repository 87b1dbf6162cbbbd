"""Whether the tests are good: mistakes made on purpose."""
