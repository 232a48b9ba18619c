"""Live streams by RTMP: what a film is made of, sent to a server while it is made."""
