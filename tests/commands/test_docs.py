"""``docs/cli.md`` names every command, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from reelkit.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
OWN_PLACE = {"reelkit serve", "reelkit render", "reelkit verify", "reelkit version"}


def commands(group: Any, name: str) -> Iterator[str]:
    for word, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}"


def test_the_page_names_every_command() -> None:
    table = PAGE.read_text().split("## All commands")[1].split("## Output")[0]
    named = set(re.findall(r"`(reelkit [a-z -]+)`", table))
    assert named == set(commands(get_command(app), "reelkit")) - OWN_PLACE
