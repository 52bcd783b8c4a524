"""THE TOOLS: pure functions on arrays; no files, no findings."""

import os

import platformdirs

# Compiled kernels go to the user's cache: an installed package may lie where nobody can write.
os.environ.setdefault("NUMBA_CACHE_DIR", os.path.join(platformdirs.user_cache_dir("controlroom"), "numba"))  # noqa: PTH118 -- text in, text out
