"""Recording any web page: a browser that is locked in, and what it shows and plays."""
