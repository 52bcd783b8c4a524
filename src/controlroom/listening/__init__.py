"""The cached view of one sound that everyone below the desk shares."""
