"""What may go wrong on a disk, done on purpose: calls of the system that kill, fail or write half."""
