"""The ``reelkit`` command.

Exit status: 0 done, or ended as asked · 1 failed, stderr says why · 2 wrong option or setting · 3 another server holds
the data directory · 130 left by Ctrl-C.
"""

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import reelkit
from reelkit.capture.layout import JOURNAL_FILE
from reelkit.collector import paused_collector
from reelkit.commands import apps, meetings, participants, presets, recordings, sessions, tokens, webhooks
from reelkit.commands.command import command
from reelkit.commands.record import record
from reelkit.errors import ReelkitError
from reelkit.log import configure_logging
from reelkit.settings import Settings, load_settings

if TYPE_CHECKING:
    from reelkit.render.config import RenderConfig

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_ALREADY_RUNNING = 3

app = typer.Typer(
    name="reelkit",
    help="Self-hosted RealtimeKit: meetings on a real SFU, and above all their recording.",
    epilog="Exit status: 0 done · 1 failed · 2 wrong option or setting · 3 another server holds the data directory"
    " · 130 left by Ctrl-C.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (meetings, participants, recordings, sessions, presets, webhooks, apps, tokens):
    app.add_typer(group.app)
app.add_typer(tokens.app, name="token", hidden=True)


@app.command()
def serve(
    data: Annotated[Path | None, typer.Option(help="Directory of everything the server keeps.")] = None,
    host: Annotated[str | None, typer.Option(help="Address of both listeners.")] = None,
    port: Annotated[int | None, typer.Option(help="Plain HTTP: API, documentation, metrics, downloads.")] = None,
    tls_port: Annotated[int | None, typer.Option(help="TLS: the browser SDK.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.", exists=True, dir_okay=False)] = None,
) -> None:
    """Runs the whole server until SIGTERM or Ctrl-C. All settings can also come from REELKIT_* variables."""
    settings = _settings(config, data=data, host=host, port=port, tls_port=tls_port)
    # Imported late, so that wrong options are told at once.
    with paused_collector():
        from reelkit.api.errors import AlreadyRunning, BadSetting
        from reelkit.api.server import serve as serve_until_stopped

    configure_logging(settings.log_format, settings.log_level)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(serve_until_stopped(settings))
    except AlreadyRunning as error:
        _fail(error.message, EXIT_ALREADY_RUNNING)
    except BadSetting as error:
        _fail(error.message, EXIT_USAGE)
    except ReelkitError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"the server cannot start: {error}")


command(app)(record)


@app.command()
def render(
    capture_dir: Annotated[
        Path, typer.Argument(help="A capture: journal.jsonl and rtp/.", exists=True, file_okay=False)
    ],
    out: Annotated[Path, typer.Option(help="Directory for the film, its segments and the report.", file_okay=False)],
    config: Annotated[Path | None, typer.Option(help="RenderConfig as JSON.", exists=True, dir_okay=False)] = None,
) -> None:
    """Renders a capture on disk into a film; run again, it goes on where it was interrupted."""
    from reelkit.clock import SystemClock
    from reelkit.fleet.job import run_job
    from reelkit.fleet.messages import Failed, Message
    from reelkit.fleet.messages import Progress as RenderProgress
    from reelkit.render.config import RenderConfig

    configure_logging("console", "error")
    if not (capture_dir / JOURNAL_FILE).is_file():
        _fail(f"{capture_dir} holds no {JOURNAL_FILE}: name the directory of one captured session", EXIT_USAGE)
    try:
        wanted = RenderConfig.read(config) if config else RenderConfig()
    except ValidationError as error:
        _fail("; ".join(f"{config}: {line}" for line in _explain(error)), EXIT_USAGE)
    columns = (TextColumn("rendering"), BarColumn(), TextColumn("{task.completed:.1f} s"), TimeElapsedColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("rendering", total=_film_length_s(capture_dir, wanted))

            def show(message: Message) -> None:
                if isinstance(message, RenderProgress):
                    bar.update(task, completed=message.film_s)

            out.mkdir(parents=True, exist_ok=True)
            outcome = run_job(out, capture_dir, wanted, SystemClock(), show)
    except (ReelkitError, OSError) as error:
        _fail(str(error))
    if isinstance(outcome, Failed):
        paths = " and ".join(str(file.path) for file in outcome.files)
        saved = f"; {outcome.duration_s:.1f} s of it are in {paths}" if paths else ""
        _fail(f"the capture could not be rendered: {outcome.message}{saved}")
    for file in outcome.files:
        if file.kind in {"video", "hls"}:
            typer.echo(f"film: {file.path} ({file.duration_s:.1f} s, {outcome.frames} frames)")
        else:
            typer.echo(f"{'sound' if file.kind == 'audio' else file.kind}: {file.path} ({file.duration_s:.1f} s)")


@app.command()
def verify(
    file: Annotated[
        Path,
        typer.Argument(
            help="A delivered file: a film, its sound, or the tar of an interactive recording.",
            exists=True,
            dir_okay=False,
        ),
    ],
    record: Annotated[
        Path | None, typer.Argument(help="Its integrity record, a JSON file.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Decodes all of a delivered file and, with its record, says whether it is that file: exit status 0 or 1."""
    from reelkit.publish.proof.table import show
    from reelkit.publish.proof.verify import read_record
    from reelkit.publish.proof.verify import verify as verify_file

    configure_logging("console", "error")
    try:
        wanted = None if record is None else read_record(record)
    except (ReelkitError, OSError) as error:
        _fail(str(error), EXIT_USAGE)
    try:
        done = verify_file(file, wanted)
    except OSError as error:
        _fail(str(error))
    show(done, Console(highlight=False))
    if not done.passed:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def version() -> None:
    """Prints the version."""
    typer.echo(reelkit.__version__)


def main() -> None:
    """The entry point of the installed command."""
    app()


def _settings(config: Path | None, **options: object) -> Settings:
    try:
        return load_settings(config, **options)
    except ValidationError as error:
        _fail("; ".join(_explain(error)), EXIT_USAGE)
    except SettingsError as error:
        named = re.search(r'field "(\w+)"', str(error))
        _fail(f"{named[1] if named else 'the environment'}: lists and tables are written as JSON", EXIT_USAGE)
    except ValueError as error:
        _fail(f"{config}: {error}", EXIT_USAGE)


def _film_length_s(capture_dir: Path, config: "RenderConfig") -> float | None:
    """How long the film will be; None while the capture still grows."""
    from reelkit.capture.journal import JournalReader
    from reelkit.render.timeline import Timeline

    events = JournalReader(capture_dir / JOURNAL_FILE).poll()
    if config.live or not events:
        return None
    timeline = Timeline.of(config)
    timeline.extend(events)
    timeline.finish(events[-1].time_s)
    return timeline.duration_s


def _explain(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')}"
        for item in error.errors(include_input=False)
    ]


def _loop_factory() -> Any:  # noqa: ANN401 - uvloop has no type for it
    if sys.platform != "linux":
        return None
    import uvloop

    return uvloop.new_event_loop


def _fail(message: str, status: int = EXIT_FAILED) -> NoReturn:
    print(f"reelkit: {message}", file=sys.stderr)
    raise typer.Exit(status)
