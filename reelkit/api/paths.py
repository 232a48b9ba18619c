"""Roots of the operator's API, as the official clients build them below ``base_url``."""

ACCOUNT_PATH = "/client/v4/accounts/{account_id}/realtime/kit"
APP_PATH = f"{ACCOUNT_PATH}/{{app_id}}"
