"""Errors of webhooks that are no caller's.

WebhookError
└── KeyUnusable   the signing key's file cannot be read as one
"""

from reelkit.errors import ReelkitError


class WebhookError(ReelkitError):
    """Base of this package's errors."""


class KeyUnusable(WebhookError):
    """The operator put something else in the place of the signing key."""
