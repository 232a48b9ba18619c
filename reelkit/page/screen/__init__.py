"""A screen for one browser: a Wayland server that shows nothing and hands on what it is given.

Chromium draws into memory that it shares with us, when we say that the screen wants the next picture. So pictures cost
no copy before they are converted for the encoder, come exactly as often as the film needs them, and no X server, no
window system and no capture inside the browser is involved. Only what Chromium uses of the protocol is spoken.

Sources: the Wayland protocol (https://wayland.freedesktop.org/docs/html/) with wayland.xml, xdg-shell.xml,
presentation-time.xml and viewporter.xml.
"""
