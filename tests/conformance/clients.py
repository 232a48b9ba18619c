"""The two official API clients behind one way of calling them, so that both are put through the same conversation.

Methods are named as the Python client names them: ``meetings.create``. Whatever comes back is checked against that
client's models; both clients are generated from one description.
"""

import asyncio
import inspect
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cloudflare.types.realtime_kit as models
from cloudflare import APIStatusError, AsyncCloudflare, Cloudflare
from cloudflare._models import BaseModel
from cloudflare._resource import SyncAPIResource

from tests.strict_answers import check

NODE_SCRIPT = Path(__file__).parents[2] / "testbed/api_client/call.mjs"
TIMEOUT_S = 30.0


@dataclass
class RefusedCall(Exception):
    """What a client raised; ``kind`` is the name of its class."""

    kind: str
    status: int
    message: str


def python_methods() -> dict[str, type[BaseModel]]:
    """Every method of the installed Python client's ``realtime_kit``, with the model of its answer."""
    found: dict[str, type[BaseModel]] = {}
    with Cloudflare(api_token="x") as client:
        kit = client.realtime_kit
        for group, _ in inspect.getmembers_static(type(kit)):
            if group.startswith("_") or not isinstance(resource := getattr(kit, group), SyncAPIResource):
                continue
            for name, method in inspect.getmembers(type(resource), inspect.isfunction):
                if not name.startswith("_"):
                    found[f"{group}.{name}"] = getattr(models, str(inspect.signature(method).return_annotation))
    return found


class Client(ABC):
    """Calls methods of one app, notes which, and checks each answer. ``called`` are those that were answered."""

    def __init__(self, base_url: str, token: str, account_id: str, app_id: str) -> None:
        self.base_url, self.token, self.account_id, self.app_id = base_url, token, account_id, app_id
        self.called: set[str] = set()
        self.refused: set[str] = set()
        self._models = python_methods()

    @abstractmethod
    async def methods(self) -> set[str]:
        """Every method that the client has."""

    @abstractmethod
    async def send(self, method: str, ids: list[str], params: dict[str, Any]) -> str:
        """One call; the text of the answer. Raises RefusedCall."""

    async def call(self, method: str, *ids: str, **params: Any) -> Any:
        """``data`` of the answer to a call; the app is named as a parameter unless it is an id. Raises RefusedCall."""
        return (await self.answer(method, *ids, **params))["data"]

    async def answer(self, method: str, *ids: str, **params: Any) -> Any:
        """The whole envelope."""
        wanted = {"account_id": self.account_id, **({} if self.app_id in ids else {"app_id": self.app_id}), **params}
        if method.startswith("apps."):
            del wanted["app_id"]
        try:
            text = await self.send(method, list(ids), wanted)
        except RefusedCall:
            self.refused.add(method)
            raise
        envelope = json.loads(text)
        assert envelope["success"] is True
        check(self._models[method], text, envelope)
        self.called.add(method)
        return envelope

    async def __aenter__(self) -> Self:
        return self

    @abstractmethod
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PythonClient(Client):
    """``cloudflare`` from PyPI."""

    def __init__(self, base_url: str, token: str, account_id: str, app_id: str) -> None:
        super().__init__(base_url, token, account_id, app_id)
        self._client = AsyncCloudflare(api_token=token, base_url=base_url, max_retries=0, timeout=TIMEOUT_S)

    async def methods(self) -> set[str]:
        return set(self._models)

    async def send(self, method: str, ids: list[str], params: dict[str, Any]) -> str:
        group, name = method.split(".")
        function = getattr(getattr(self._client.realtime_kit, group).with_raw_response, name)
        try:
            answer = await function(*ids, **params)
        except APIStatusError as error:
            raise RefusedCall(type(error).__name__, error.status_code, str(error)) from error
        # What a user gets, made of the same text.
        assert isinstance(await answer.parse(), BaseModel)
        return str(await answer.text())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()


class NodeClient(Client):
    """``cloudflare`` from npm, in a process that gets calls as lines of JSON and answers in such lines."""

    _process: asyncio.subprocess.Process

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(NODE_SCRIPT),
            self.base_url,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "CLOUDFLARE_API_TOKEN": self.token},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(TIMEOUT_S):
            assert await self._process.wait() == 0

    async def methods(self) -> set[str]:
        """Those that the Python client has too under that one's name."""
        python = {_bare(name): name for name in self._models}
        return {python.get(_bare(name), name) for name in await self._names()}

    async def send(self, method: str, ids: list[str], params: dict[str, Any]) -> str:
        (name,) = [name for name in await self._names() if _bare(name) == _bare(method)]
        said = await self._tell({"what": "call", "method": name, "ids": ids, "params": params})
        if "refused" in said:
            raise RefusedCall(**said["refused"])
        return str(said["text"])

    async def _names(self) -> list[str]:
        names: list[str] = await self._tell({"what": "methods"})
        return names

    async def _tell(self, line: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        async with asyncio.timeout(TIMEOUT_S):
            return json.loads(await self._process.stdout.readline())


def _bare(method: str) -> str:
    """What a method's names in both languages have in common."""
    return method.replace("_", "").lower()
