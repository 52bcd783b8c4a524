"""THE HOUSEHOLD: one service; the only place that knows everybody."""
