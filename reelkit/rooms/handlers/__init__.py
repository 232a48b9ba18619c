"""Answers to the clients' requests, split by what they are about. ``routes`` has the whole table."""
