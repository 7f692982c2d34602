"""Records and the log of their changes: what walk 1 (a question) reads and walk 2 (a change) writes, by handle."""
