"""Writes docs/configuration.md from reelkit/settings.py; with --check only tells whether it is up to date."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from reelkit.settings import Settings

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"
HEADER = """# Configuration

Generated from `reelkit/settings.py` by `make docs`.

A setting comes from, in this order: the command line of `reelkit serve`, the environment, the TOML file given with
`--config`, the default below. `render.crf` is written `REELKIT_RENDER__CRF=21` in the environment and

```toml
[render]
crf = 21
```

in the file. In the environment lists are written as JSON: `REELKIT_EGRESS__ALLOWED_NETWORKS='["10.1.0.0/16"]'`.

A value out of range stops the server with a message that names it. So does an unknown name in the file, or behind the
name of a section in the environment. Other variables that begin with `REELKIT_` are ignored.
"""


def shown(value: object) -> str:
    match value:
        case None:
            return "unset"
        case SecretStr():
            return "hidden"
        case "" | [] | {}:
            return "none"
        case bool():
            return "`true`" if value else "`false`"
        case _:
            return f"`{value}`"


def bounds(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return ", ".join(
        f"{sign} {getattr(rule, name)}"
        for rule in field.metadata
        for name, sign in signs.items()
        if getattr(rule, name, None) is not None
    )


def rows(model: type[BaseModel], prefix: str = "") -> list[str]:
    lines = []
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True, validated_data={})
        if isinstance(default, BaseModel):
            continue
        default_text = "required" if default is PydanticUndefined else shown(default)
        description = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{prefix}{name}` | {default_text} | {bounds(field)} | {description} |")
    return lines


def sections(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, BaseModel]]:
    """The sections of ``model`` with those in them, by their whole names."""
    for name, field in model.model_fields.items():
        section = field.get_default(call_default_factory=True, validated_data={})
        if isinstance(section, BaseModel):
            yield f"{prefix}{name}", section
            yield from sections(type(section), f"{prefix}{name}.")


def page() -> str:
    head = ["| setting | default | allowed | meaning |", "|---|---|---|---|"]
    parts = [HEADER, "## Server\n", *head, *rows(Settings)]
    for name, section in sections(Settings):
        parts += ["", f"## {name}\n", (type(section).__doc__ or "").strip() + "\n", *head]
        parts += rows(type(section), f"{name}.")
    return "\n".join(parts) + "\n"


def main() -> int:
    text = page()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != text:
            print("docs/configuration.md is out of date: run `make docs`", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
