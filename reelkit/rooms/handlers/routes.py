"""The whole table of requests."""

from reelkit.rooms.handlers import (
    activity,
    broadcast,
    chat,
    consumers,
    joining,
    moderation,
    permissions,
    polls,
    producers,
    stage,
    stores,
    transports,
    waiting,
)
from reelkit.rooms.handlers.route import Routes

ROUTES: Routes = {
    **joining.ROUTES,
    **transports.ROUTES,
    **producers.ROUTES,
    **consumers.ROUTES,
    **moderation.ROUTES,
    **broadcast.ROUTES,
    **chat.ROUTES,
    **stores.ROUTES,
    **activity.ROUTES,
    **polls.ROUTES,
    **waiting.ROUTES,
    **stage.ROUTES,
    **permissions.ROUTES,
}
