"""The one way out: everything that is fetched because a caller named its address."""
