"""THE DESK: steps to samples; stages, overlay, guards, cache, claim check."""
