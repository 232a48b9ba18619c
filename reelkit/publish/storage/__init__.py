"""Callers' own storage: one small client per protocol, all with the same face."""
