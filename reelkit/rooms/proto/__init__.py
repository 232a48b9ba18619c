"""Wire schemas of the RealtimeKit client protocol and the code generated from them.

The ``.proto`` files hold the messages that the gateway uses, with the field numbers of the browser SDK 2.0.2; names are
free, numbers are not. ``scripts/generate_proto.py`` writes the ``*_pb2.py`` and ``*_pb2.pyi`` beside them.

Fields marked ``optional`` must stay unset rather than empty when there is nothing to say: the SDK tells the two apart.
"""
