"""THE DOOR: files to Audio and back."""
