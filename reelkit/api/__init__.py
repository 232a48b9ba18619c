"""HTTP and websockets: RealtimeKit's wire shapes, tokens and errors over the services of ``reelkit.control``."""
