"""What was captured of a session: packet files written by the SFU and the journal of events.

A capture is a directory::

    <capture>/journal.jsonl      one JSON object per line, appended in order of time
    <capture>/rtp/*.mjr          one file per stream and recording stretch, written by Janus

Reading one, whether it is complete or still growing::

    events = JournalReader(capture / "journal.jsonl").poll()        # journal.py, events.py
    catalog = Catalog(capture / "rtp")                              # catalog.py
    catalog.scan()
    for file in catalog.files(TrackKey.of(opened)):                 # opened: a ProducerOpened event
        reader = UnitReader(file.path, opened.codec, extmap=opened.extmap)      # unit_reader.py
        reader.poll(horizon_s=math.inf)                             # complete; else now - the writer's delay
        units = [reader.unit(index) for index in range(reader.start, reader.stop)]      # access_unit.py

Underneath: ``stream.py`` (ordered packets with capture times), ``mjr.py`` (the files), ``packet.py`` (RTP),
``capture_time.py`` (the clock), ``depacketize/`` (payload formats). All readers are synchronous, never wait, follow
growing files by being polled again, and go on from a JSON-able ``state()`` with identical results.
"""
