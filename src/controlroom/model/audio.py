"""The one form in which sound travels through the house."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""float32 samples shaped ``(channels, frames)``."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Audio:
    """A sound: read-only float32 samples and their rate.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Full scale is ±1.0; values beyond it are kept. A float32 C-contiguous
        array is taken over *without a copy* and made read-only; anything else
        is converted once.
    rate_hz : int
        Sampling rate in hertz, > 0.

    Raises
    ------
    ValueError
        If the array is not two-dimensional, or the rate is not positive.
    """

    samples: Samples
    rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2:
            raise ValueError(f"samples must be shaped (channels, frames), not {self.samples.shape}")
        if self.rate_hz <= 0:
            raise ValueError(f"rate_hz must be positive, not {self.rate_hz}")
        array = np.ascontiguousarray(self.samples, dtype=np.float32)
        array.flags.writeable = False
        object.__setattr__(self, "samples", array)

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        """Number of sample frames."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate_hz

    def excerpt(self, start_frame: int, stop_frame: int) -> Audio:
        """Return frames ``start_frame:stop_frame`` (clipped to the sound)."""
        start = max(0, start_frame)
        return Audio(self.samples[:, start : max(start, stop_frame)], self.rate_hz)

    def digest(self) -> str:
        """Return the SHA-256 (hex) of rate, shape and sample bytes."""
        sha = hashlib.sha256(f"{self.rate_hz}:{self.channels}:{self.frames}:".encode())
        sha.update(np.ascontiguousarray(self.samples, dtype="<f4").data)
        return sha.hexdigest()
