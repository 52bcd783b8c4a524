"""THE EARS: listening to findings; one file each, found by listing the folder."""
