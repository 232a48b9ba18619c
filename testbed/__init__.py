"""The test bed: declared timelines, the participants that play them, and the checker that looks for them in films."""
