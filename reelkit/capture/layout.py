"""Where the parts of a capture lie in its directory."""

JOURNAL_FILE = "journal.jsonl"
RTP_DIR = "rtp"
