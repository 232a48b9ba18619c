"""Tables, repositories and migrations: SQLite by default, PostgreSQL by URL."""

from reelkit.db.database import Database

__all__ = ["Database"]
