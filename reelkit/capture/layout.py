"""Where the parts of a capture lie in its directory."""

JOURNAL_FILE = "journal.jsonl"
RTP_DIR = "rtp"
PICTURES_DIR = "pictures"
"""Of participants, as PNG files named after their content."""
RECLAIMED_FILE = "reclaimed"
"""Is there once packets were given back to the disk: the capture no longer holds the whole meeting."""
