"""Track recordings: what each participant sent, in a file of its own, as it was encoded by the sender.

Nothing is decoded or encoded. The packets of the capture are put into WebM or Matroska files with the times at which
their media was captured. :mod:`reelkit.publish.tracks.job` follows a capture, live or complete.
"""
