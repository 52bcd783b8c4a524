"""Mix to stems; one file per backend."""
