"""Interactive recordings: HTTP Live Streaming with the meeting's messages as timed metadata, in a compressed tar."""
