"""THE TOOLS: pure functions on arrays; no files, no findings."""
