"""Package data: standards, corridors, policies, services; each with source and date."""
