"""What the worker of a page leaves in its job's directory beside the film."""

from pathlib import Path

PAGE_DIR = Path("page")
REPORT_FILE = "report.json"
"""In PAGE_DIR: the diagnosis of a page that failed."""
SCREENSHOT_FILE = "screenshot.png"
"""In PAGE_DIR: what such a page showed last, if anything."""
MESSAGES_FILE = PAGE_DIR / "messages.jsonl"
"""What the page told its recorder; lines as in a capture's journal."""
