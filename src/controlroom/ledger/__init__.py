"""THE MEMORY: append-only, hash-chained SQLite."""
