"""RTP payload formats: VP8 (RFC 7741), H264 (RFC 6184) and Opus (RFC 7587)."""
