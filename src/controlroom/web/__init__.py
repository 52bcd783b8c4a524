"""The page: a window over the studio, bound to this machine."""
