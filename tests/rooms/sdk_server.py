"""A server with nothing but what the browser SDK needs, to try the gateway with the real client and the real SFU.

Who somebody is stands in their token unsigned: name, preset and so on are what a test says they are.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from reelkit.api.listeners import Listener
from reelkit.api.tls import tls_files
from reelkit.api.websocket import StarletteSocket
from reelkit.clock import SystemClock
from reelkit.rooms.admission import Admission
from reelkit.rooms.gateway import Gateway
from reelkit.rooms.preset import Preset
from reelkit.rooms.room import Room
from reelkit.settings import Settings
from reelkit.sfu import Sfu
from tests.rooms.fakes import RecordingObserver

HERE = Path(__file__).parent
SDK = HERE.parent.parent / "testbed" / "web" / "node_modules" / "@cloudflare" / "realtimekit" / "dist" / "browser.js"
MEETING = "meeting-1"
MEETING_TITLE = "A meeting"
HOST_PRESET: dict[str, Any] = {
    "id": "preset-host",
    "name": "host",
    "config": {
        "view_type": "GROUP_CALL",
        "max_video_streams": {"mobile": 6, "desktop": 6},
        "max_screenshare_count": 2,
        "media": {
            "audio": {"enable_stereo": False, "enable_high_bitrate": False},
            "video": {"quality": "vga", "frame_rate": 30, "simulcast": False},
            "screenshare": {"quality": "hd", "frame_rate": 5},
        },
    },
    "permissions": {
        "can_record": True,
        "kick_participant": True,
        "pin_participant": True,
        "disable_participant_audio": True,
        "disable_participant_video": True,
        "plugins": {"config": {}},
        "media": {kind: {"can_produce": "ALLOWED"} for kind in ("audio", "video", "screenshare")},
    },
}


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy of ``base`` with ``changes``."""
    result = dict(base)
    for key, value in changes.items():
        result[key] = merged(result.get(key, {}), value) if isinstance(value, Mapping) else value
    return result


def token(name: str, preset: Mapping[str, Any] | None = None, enforced: Mapping[str, Any] | None = None) -> str:
    """A participant's token. The SDK reads it with ``atob``, hence standard base64. ``enforced`` is what the server
    takes for the preset, where the client is to believe something else."""
    claims = {
        "orgId": "org-1",
        "meetingId": MEETING,
        "participantId": f"participant-{name}",
        "name": name,
        "preset": merged(HOST_PRESET, preset or {}),
        "enforced": merged(HOST_PRESET, preset or {} if enforced is None else enforced),
    }
    parts = [base64.b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)]
    return ".".join([*parts, "unsigned"])


def claims_of(text: str) -> dict[str, Any]:
    part = text.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.b64decode(part + "=" * (-len(part) % 4)))
    return claims


class SdkServer:
    """Janus, the gateway and a TLS listener; an async context manager."""

    def __init__(self, data: Path, settings: Settings) -> None:
        self.observer = RecordingObserver()
        self._clock = SystemClock()
        self._settings = settings
        self.captures_dir = data / "captures"
        self.sfu = Sfu(settings.sfu, data / "janus", self._clock)
        self.gateway = Gateway(self.sfu, settings, self._clock, self.captures_dir, self.observer)
        self._listener = Listener("127.0.0.1", 0, tls=tls_files(settings, data, self._clock).context())
        self._sockets: dict[str, StarletteSocket] = {}

    async def __aenter__(self) -> Self:
        await self.sfu.start()
        await self._listener.start(self._app(), max_message_bytes=self._settings.rooms.max_message_bytes)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.gateway.close()
        await self._listener.close()
        await self.sfu.stop()

    @property
    def base(self) -> str:
        """What the SDK is given as ``baseURI``."""
        return f"rtk.localhost:{self._listener.port}"

    @property
    def page_url(self) -> str:
        return f"https://page.rtk.localhost:{self._listener.port}/"

    @property
    def room(self) -> Room:
        room = self.gateway.room_of(MEETING)
        assert room is not None
        return room

    async def cut(self, name: str) -> None:
        """Closes a client's websocket as a server that goes down does."""
        await self._sockets[name].close(1012)

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", lambda _: FileResponse(HERE / "sdk_page.html")),
                Route("/sdk.js", lambda _: FileResponse(SDK)),
                Route("/v2/internals/participant-details", self._participant_details),
                Route("/iceservers", lambda _: JSONResponse({"success": True, "iceServers": []})),
                WebSocketRoute("/ws", self._websocket),
                Route("/{path:path}", self._telemetry, methods=["GET", "POST"]),
            ],
            middleware=[Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])],
        )

    async def _participant_details(self, request: Request) -> Response:
        claims = claims_of(request.headers["authorization"].removeprefix("Bearer "))
        data = {
            "participant": {"id": claims["participantId"], "name": claims["name"], "organization_id": claims["orgId"]},
            "preset": claims["preset"],
            "meeting": {"title": MEETING_TITLE},
        }
        return JSONResponse({"success": True, "data": data})

    async def _telemetry(self, _: Request) -> Response:
        return JSONResponse({"success": True})

    async def _websocket(self, websocket: WebSocket) -> None:
        claims = claims_of(websocket.query_params["authToken"])
        await websocket.accept()
        socket = self._sockets[claims["name"]] = StarletteSocket(websocket)
        await self.gateway.serve(
            socket,
            Admission(
                meeting_id=MEETING,
                meeting_title=MEETING_TITLE,
                organization_id=claims["orgId"],
                participant_id=claims["participantId"],
                peer_id=websocket.query_params["peerID"],
                name=claims["name"],
                preset=Preset.parse(claims["enforced"]),
                session_keep_alive_s=60,
            ),
        )
