"""Proof of what was delivered: records of integrity, built by decoding and from the capture."""
