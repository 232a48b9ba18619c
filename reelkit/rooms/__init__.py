"""Meetings: the RealtimeKit client protocol on top of the SFU.

A browser with the unmodified SDK opens one websocket and two PeerConnections. ``Gateway.serve`` speaks to the
websocket, a ``Room`` holds one live session, ``handlers`` answer the requests, ``sdp`` and ``negotiation`` translate
between what the SDK and what Janus want to hear. The journal of the session is written here.
"""
