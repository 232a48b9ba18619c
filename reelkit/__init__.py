"""Reelkit: a self-hosted RealtimeKit whose heart is the recorder."""

import os

__version__ = "0.1.0"

# The matrix products here are small, and OpenBLAS' threads would spin for work that one does as fast: 0.03 core beside
# a live film. It reads this when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
