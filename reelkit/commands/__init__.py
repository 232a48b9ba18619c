"""Groups of commands that talk to a running server over its HTTP API."""
