"""Tags, disclosure, credentials, package (roadmap J)."""
