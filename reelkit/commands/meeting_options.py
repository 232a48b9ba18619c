"""The options of commands that make or change a meeting, and the body that they make."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from reelkit.commands.json_files import read_object
from reelkit.commands.moments import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingOptions:
    """A bundle of options: fields of a meeting."""

    record_on_start: Annotated[
        bool | None,
        typer.Option("--record-on-start/--no-record-on-start", help="Record it as soon as somebody joins."),
    ] = None
    persist_chat: Annotated[
        bool | None, typer.Option("--persist-chat/--no-persist-chat", help="Keep the chat between sessions.")
    ] = None
    keep_alive: Annotated[
        float | None,
        typer.Option(parser=seconds, metavar="DURATION", help="How long a session stays open when everybody has left."),
    ] = None
    config: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="File with a recording_config as JSON; - is standard input."),
    ] = None

    def body(self, title: str | None) -> dict[str, Any]:
        """The fields that were given, as the API wants them. Raises WrongUsage."""
        fields = {
            "title": title,
            "record_on_start": self.record_on_start,
            "persist_chat": self.persist_chat,
            "session_keep_alive_time_in_secs": self.keep_alive,
            "recording_config": None if self.config is None else read_object("--config", self.config),
        }
        return {name: value for name, value in fields.items() if value is not None}
