"""A chat as CSV (RFC 4180), in the columns that users of the hosted service know.

The columns are those of Cloudflare's page on chat, "CSV chat dump format":
https://developers.cloudflare.com/realtime/realtimekit/core/chat/
"""

import csv
import io
from collections.abc import Iterable

from reelkit.clock import iso_ms
from reelkit.db.chats import ChatMessageRow

COLUMNS = (
    "id",
    "participantId",
    "sessionId",
    "meetingId",
    "displayName",
    "pinned",
    "isEdited",
    "payloadType",
    "payload",
    "createdAt",
)
_PAYLOAD_TYPES = {0: "TEXT_MESSAGE", 1: "IMAGE_MESSAGE", 2: "FILE_MESSAGE"}
_OTHER_PAYLOAD_TYPE = "CUSTOM_MESSAGE"
# What makes spreadsheets take a cell for a formula:
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BYTE_ORDER_MARK = "\ufeff"


def head(*, spreadsheet: bool) -> str:
    """The line of the columns; for a ``spreadsheet`` after the mark by which it knows UTF-8."""
    return (_BYTE_ORDER_MARK if spreadsheet else "") + _lines([COLUMNS])


def lines(rows: Iterable[ChatMessageRow], *, spreadsheet: bool) -> str:
    """A line for each message.

    Cells hold exactly what was written, as programs that read them expect. For a ``spreadsheet`` an apostrophe is put
    before what it would take for a formula.
    """
    show = _inert if spreadsheet else _as_it_is
    return _lines(
        (
            row.id,
            row.participant_id,
            row.session_id,
            row.meeting_id,
            show(row.display_name),
            _flag(row.pinned),
            _flag(row.is_edited),
            _PAYLOAD_TYPES.get(row.payload_type, _OTHER_PAYLOAD_TYPE),
            show(row.payload),
            iso_ms(row.created_at),
        )
        for row in rows
    )


def _lines(cells: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(cells)
    return text.getvalue()


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _as_it_is(text: str) -> str:
    return text


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_BEGINNINGS) else text
