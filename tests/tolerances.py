"""Every tolerance of the tests, named, with its reason.

A bare number in a comparison elsewhere is a mistake: name it here.
"""

from __future__ import annotations

EXACT = 0.0
"""Bit for bit: the same samples, nothing was recomputed."""

FLOAT64 = 1e-12
"""Rounding of a few float64 operations on values near 1."""

FLOAT32 = 1e-6
"""One rounding to float32 storage on values near 1 (eps is 1.2e-7), with room for a sum of a few."""

PCM16 = 2 / 2**15
"""One LSB of quantisation and one of TPDF dither at 16 bits."""

PCM24 = 2 / 2**23
"""One LSB of quantisation and one of TPDF dither at 24 bits."""

LOUDNESS_LU = 0.1
"""EBU Tech 3341, table 1: ±0.1 LU."""
