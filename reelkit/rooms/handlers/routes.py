"""The whole table of requests."""

from reelkit.rooms.handlers import (
    activity,
    broadcast,
    chat,
    consumers,
    joining,
    moderation,
    producers,
    stores,
    transports,
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
}
