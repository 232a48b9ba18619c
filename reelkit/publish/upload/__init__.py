"""Sending files to storage: large ones part by part while they grow, and whatever is missing when they are finished."""
