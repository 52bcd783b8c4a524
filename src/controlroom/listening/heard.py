"""What every ear reads: each pass over a sound made once, and kept in its Listening."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlroom.dsp import levels
from controlroom.dsp.spectrum import BandSpectra, band_spectra, infrasonic_power
from controlroom.listening.listening import Listening

if TYPE_CHECKING:
    from controlroom.dsp.loudness import Loudness


def spectra_of(listening: Listening) -> BandSpectra:
    """Return the one short-time Fourier pass."""
    audio = listening.audio
    return listening.keep(("dsp.band_spectra",), lambda: band_spectra(audio.samples, audio.rate_hz))


def envelope_of(listening: Listening) -> levels.Envelope:
    """Return mean, power and peak in blocks of 10 ms."""
    audio = listening.audio
    return listening.keep(("dsp.envelope",), lambda: levels.envelope(audio.samples, audio.rate_hz))


def loudest_of(listening: Listening) -> levels.LoudestWindow:
    """Return the loudest 8 s."""
    return listening.keep(("dsp.loudest_window", 8.0), lambda: levels.loudest_window(envelope_of(listening)))


def edges_of(listening: Listening, silence_db: float) -> levels.Edges:
    """Return how the sound starts and ends, with silence below ``silence_db`` of its loudest 8 s."""
    return listening.keep(("dsp.edges", silence_db), lambda: levels.edges(envelope_of(listening), silence_db))


def infrasonic_of(listening: Listening) -> float:
    """Return the mean-square power from 3 to 20 Hz."""
    audio = listening.audio
    return listening.keep(("dsp.infrasonic_power",), lambda: infrasonic_power(audio.samples, audio.rate_hz))


def loudness_of(listening: Listening) -> Loudness:
    """Return the BS.1770 meter's full reading, as it is heard: mono from two speakers alike."""
    from controlroom.dsp.k_weighting import heard_weights
    from controlroom.dsp.loudness import measure

    audio = listening.audio
    weights = heard_weights(audio.channels)
    return listening.keep(("dsp.loudness",), lambda: measure(audio.samples, audio.rate_hz, weights=weights))
