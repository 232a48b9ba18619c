"""The domain: apps, meetings, participants, recordings, and the services that apply its rules."""
