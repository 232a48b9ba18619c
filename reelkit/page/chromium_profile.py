"""The directory in which Chromium keeps what is its own, made anew for each start."""

import json
from dataclasses import dataclass
from pathlib import Path

from reelkit.page.jail import Jail

_BLOCK = 2
"""Chromium's number for a permission that is refused unasked."""
_REFUSED = (
    "ar",
    "automatic_downloads",
    "background_sync",
    "bluetooth_guard",
    "bluetooth_scanning",
    "captured_surface_control",
    "clipboard",
    "file_handling",
    "file_system_read_guard",
    "file_system_write_guard",
    "geolocation",
    "hid_guard",
    "idle_detection",
    "local_fonts",
    "media_stream_camera",
    "media_stream_mic",
    "midi_sysex",
    "nfc",
    "notifications",
    "payment_handler",
    "popups",
    "sensors",
    "serial_guard",
    "smart_card_guard",
    "usb_guard",
    "vr",
    "web_app_installation",
    "window_placement",
)
"""What a page may ask a person for, or do behind his back. Nobody is there, and the machine is not a person's."""

PREFERENCES: dict[str, object] = {
    "profile": {"default_content_setting_values": dict.fromkeys(_REFUSED, _BLOCK)},
    "download_restrictions": 3,  # all
    "download": {"prompt_for_download": False},
    "policy": {"url_blocklist": ["file://*"]},
    "webrtc": {"ip_handling_policy": "disable_non_proxied_udp"},
    "net": {"network_prediction_options": 2},  # never
    "alternate_error_pages": {"enabled": False},
    "autofill": {"credit_card_enabled": False, "profile_enabled": False},
    "browser": {"enable_spellchecking": False, "has_seen_welcome_page": True},
    "credentials_enable_service": False,
    "payments": {"can_make_payment_enabled": False},
    "printing": {"enabled": False},
    "safebrowsing": {"enabled": False},
    "search": {"suggest_enabled": False},
    "signin": {"allowed": False, "allowed_on_next_startup": False},
    "translate": {"enabled": False},
}


LOCAL_STATE = {
    # Hosts that want a password would have it asked for in a dialog, which would be in the film.
    "auth": {"schemes": ""},
}


@dataclass(frozen=True, slots=True)
class Profile:
    """The directories of one browser, all below that of its jail."""

    user_data: Path
    temporary: Path


def make_profile(jail: Jail) -> Profile:
    """Writes what has to be there before the start. Raises OSError. Blocks for a few milliseconds."""
    home = jail.profile
    user_data, temporary = home / "data", home / "tmp"
    default = user_data / "Default"
    for directory in (user_data, default, temporary):
        directory.mkdir(mode=0o700)
        jail.own(directory)
    for path, content in ((default / "Preferences", PREFERENCES), (user_data / "Local State", LOCAL_STATE)):
        path.write_text(json.dumps(content))
        path.chmod(0o600)
        jail.own(path)
    return Profile(user_data, temporary)
