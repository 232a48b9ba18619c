"""Roots of the operator's API, as the official clients build them below ``base_url``."""

# What belongs to an account and is an extension of Reelkit.
REELKIT_PATH = "/client/v4/accounts/{account_id}/reelkit"
ACCOUNT_PATH = "/client/v4/accounts/{account_id}/realtime/kit"
APP_PATH = f"{ACCOUNT_PATH}/{{app_id}}"
