"""The options of commands that start a recording, and the body of the start call that they make."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from reelkit.commands.errors import WrongUsage
from reelkit.commands.json_files import read_object

_PANEL = "What is recorded"


class VideoCodec(StrEnum):
    H264 = "H264"
    VP8 = "VP8"
    VP9 = "VP9"


class AudioCodec(StrEnum):
    AAC = "AAC"
    MP3 = "MP3"


class Layout(StrEnum):
    GRID = "grid"
    SPEAKER = "speaker"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOptions:
    """A bundle of options. What is not given is as the meeting or the app says."""

    width: Annotated[int | None, typer.Option(metavar="PX", help="Width of the film.", rich_help_panel=_PANEL)] = None
    height: Annotated[int | None, typer.Option(metavar="PX", help="Height of the film.", rich_help_panel=_PANEL)] = None
    codec: Annotated[
        VideoCodec | None,
        typer.Option(case_sensitive=False, help="Of the pictures; it decides the container.", rich_help_panel=_PANEL),
    ] = None
    audio: Annotated[
        AudioCodec | None,
        typer.Option(case_sensitive=False, help="Make a file of the sound, too.", rich_help_panel=_PANEL),
    ] = None
    mono: Annotated[bool, typer.Option("--mono", help="One channel of sound.", rich_help_panel=_PANEL)] = False
    no_film: Annotated[bool, typer.Option("--no-film", help="Only the sound.", rich_help_panel=_PANEL)] = False
    layout: Annotated[Layout | None, typer.Option(help="How people are arranged.", rich_help_panel=_PANEL)] = None
    watermark: Annotated[
        str | None, typer.Option(metavar="URL", help="An image over the film.", rich_help_panel=_PANEL)
    ] = None
    prefix: Annotated[str | None, typer.Option(help="Beginning of the files' names.", rich_help_panel=_PANEL)] = None
    max_seconds: Annotated[int | None, typer.Option(help="Stop after so long.", rich_help_panel=_PANEL)] = None
    page: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Record this page instead (the start call's url).", rich_help_panel=_PANEL),
    ] = None
    rtmp: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="REELKIT_RTMP_URL",
            show_envvar=True,
            help="Stream there. It holds a key: rather set it in the environment, or in --config.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    interactive: Annotated[
        bool, typer.Option("--interactive", help="HLS with timed ID3 metadata.", rich_help_panel=_PANEL)
    ] = False
    storage: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Deliver to the storage_config in this JSON file.", rich_help_panel=_PANEL),
    ] = None
    keep_capture: Annotated[
        bool | None,
        typer.Option(
            "--keep-capture/--no-keep-capture",
            help="Keep what it is made from, for other films.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Body of the start call as JSON; - is standard input. Other options win over it.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    allow_multiple: Annotated[
        bool,
        typer.Option("--allow-multiple", help="Even if the meeting is being recorded already.", rich_help_panel=_PANEL),
    ] = False

    def body(self, meeting: str) -> dict[str, Any]:
        """The body of the start call. Raises WrongUsage."""
        body = {} if self.config is None else read_object("--config", self.config)
        given: dict[str, object] = {
            "meeting_id": meeting,
            "video_config.width": self.width,
            "video_config.height": self.height,
            "video_config.codec": self.codec,
            "video_config.watermark.url": self.watermark,
            "video_config.export_file": False if self.no_film else None,
            "audio_config.codec": self.audio,
            "audio_config.channel": "mono" if self.mono else None,
            "audio_config.export_file": False if self.mono and not (self.audio or self.no_film) else None,
            "file_name_prefix": self.prefix,
            "max_seconds": self.max_seconds,
            "url": self.page,
            "rtmp_out_config.rtmp_url": self.rtmp,
            "interactive_config.type": "ID3" if self.interactive else None,
            "storage_config": None if self.storage is None else read_object("--storage", self.storage),
            "reelkit.layout": self.layout,
            "reelkit.keep_capture": self.keep_capture,
            "allow_multiple_recordings": True if self.allow_multiple else None,
        }
        for path, value in given.items():
            if value is not None:
                _put(body, path.split("."), value)
        if self.no_film:
            # Giving it at all asks for a file of the sound.
            body.setdefault("audio_config", {})
        return body


def _put(body: dict[str, Any], path: list[str], value: object) -> None:
    *parents, name = path
    for parent in parents:
        inner = body.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise WrongUsage(f"--config: {parent} must be a JSON object")
        body = inner
    body[name] = value
