"""What a change may cost: one guard a file, found by listing the folder (see ``form``)."""
