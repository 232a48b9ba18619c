"""What was captured of a session: packet files written by the SFU and the journal of events.

A capture is a directory::

    <capture>/journal.jsonl      one JSON object per line, appended in order of time
    <capture>/rtp/*.mjr          one file per stream and recording stretch, written by Janus
"""
