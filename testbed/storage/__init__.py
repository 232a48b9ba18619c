"""Real servers of every kind of storage that recordings are delivered to, on loopback and in temporary directories."""
