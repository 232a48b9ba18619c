"""The API's description of itself, for ``/docs`` and for machines."""

import asyncio

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

OPENAPI_PATH = "/openapi.json"


def describe_beside(app: FastAPI) -> None:
    """Has the description made in a thread when it is asked for first, and kept.

    It takes most of a second. FastAPI's own route makes it in the event loop, where it would hold up the meetings.
    """

    async def openapi(_: Request) -> JSONResponse:
        return JSONResponse(await asyncio.to_thread(app.openapi))

    routes = app.router.routes
    routes[:] = [route for route in routes if getattr(route, "path", None) != OPENAPI_PATH]
    routes.append(Route(OPENAPI_PATH, openapi, include_in_schema=False))
