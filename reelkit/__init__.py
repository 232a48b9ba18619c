"""Reelkit: a self-hosted RealtimeKit whose heart is the recorder."""

__version__ = "0.1.0"
