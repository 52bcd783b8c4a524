"""THE HANDS: knobs, prepare, apply, propose; one file each, found by listing the folder."""
