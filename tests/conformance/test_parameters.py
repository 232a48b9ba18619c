"""Every parameter that the official client can send is one that our own schema knows: none is silently passed over."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Required, get_args, get_origin

import cloudflare.resources.realtime_kit
import cloudflare.types.realtime_kit as models
from cloudflare._utils import PropertyInfo
from typing_extensions import get_type_hints, is_typeddict

from tests.api.harness import api_at
from tests.conformance.conversation import REFUSED
from tests.conformance.schema import Schema

API_LIST = Path(cloudflare.resources.realtime_kit.__file__).with_name("api.md")
REFUSED_WHOLE = {"ai_config"}
"""Nothing of it is there: it is refused with 501 whatever it holds."""
MEANINGLESS = {("meetings.get_meeting_by_id", "name")}
"""The client has it, no page says what it is for, and a meeting is found by its id alone."""


def operations() -> list[tuple[str, str, str, str | None]]:
    """Each method of the client: its name, verb, path, and the name of its parameters' type."""
    found = []
    for line in API_LIST.read_text().splitlines():
        if match := re.search(r'title="(\w+) (\S+)">client\.realtime_kit\.(\w+)\.<a[^>]*>(\w+)</a>', line):
            verb, path, group, name = match.groups()
            params = re.search(r"/(\w+_params)\.py", line)
            found.append((f"{group}.{name}", verb, path, params[1] if params else None))
    return found


def fields(kind: object, path: str = "") -> Iterator[str]:
    """The paths of all fields of a TypedDict, those of lists' items and of each branch of a union too."""
    if get_origin(kind) in {Annotated, Required}:
        yield from fields(get_args(kind)[0], path)
    elif is_typeddict(kind):
        for name, inner in get_type_hints(kind, include_extras=True).items():
            wire = f"{path}.{_wire_name(name, inner)}".removeprefix(".")
            yield wire
            if wire not in REFUSED_WHOLE:
                yield from fields(inner, wire)
    elif get_origin(kind) is not None and get_origin(kind) is not Literal:
        inside = get_args(kind)[-1:] if get_origin(kind) is dict else get_args(kind)
        for inner in inside:
            yield from fields(inner, f"{path}.*" if get_origin(kind) is dict and is_typeddict(inner) else path)


def _wire_name(name: str, kind: object) -> str:
    if get_origin(kind) is Annotated:
        for told in get_args(kind)[1:]:
            if isinstance(told, PropertyInfo) and told.alias:
                return told.alias
    return _wire_name(name, get_args(kind)[0]) if get_origin(kind) in {Annotated, Required} else name


def _nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


async def test_every_parameter_is_known(tmp_path: Path) -> None:
    async with api_at(tmp_path) as api:
        document: dict[str, Any] = (await api.anonymous.get("/openapi.json")).json()
    ours = {
        (verb, _nameless(path).removeprefix("/client/v4")): (path, operation)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    }
    unknown, seen = [], 0
    for method, verb, path, params in operations():
        if params is None or method in REFUSED:
            continue
        our_path, operation = ours[verb, _nameless(path)]
        kind = getattr(models, "".join(word.capitalize() for word in params.split("_")).replace("Id", "ID"), None)
        assert kind is not None, params
        in_path = set(re.findall(r"\{(\w+)\}", path))
        query = {parameter["name"] for parameter in operation.get("parameters", ())} - in_path
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        for field in fields(kind):
            if field in in_path or (method, field) in MEANINGLESS:
                continue
            seen += 1
            if field in query or (body is not None and Schema(document, body).has(field)):
                continue
            unknown.append(f"{method}: {field} ({verb} {our_path})")
    assert seen > 100
    assert not unknown, "\n".join(unknown)
