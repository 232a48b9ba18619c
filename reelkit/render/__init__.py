"""Pure media: (capture, journal, config) in, segments and a report out. No network, no database."""
