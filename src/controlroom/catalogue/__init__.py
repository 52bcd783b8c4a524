"""Many songs at once (roadmap K)."""
