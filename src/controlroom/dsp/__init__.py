"""THE TOOLS: pure functions on arrays; no files, no findings."""

from controlroom.dsp.kernels import use_kernel_cache

KERNELS_ARE_KEPT = use_kernel_cache()
