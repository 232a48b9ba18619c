"""Webhooks: what happens is written down together with the change itself, and sent until it is taken."""
