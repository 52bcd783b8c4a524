"""A sound at the rate and in the channels in which it goes out."""

from __future__ import annotations

import numpy as np

from controlroom.listening.listening import Listening
from controlroom.media.resample import resample
from controlroom.model.audio import Audio


def at_rate(sound: Listening, rate_hz: int) -> Listening:
    """Return a sound at another rate; itself where it has that rate already. Kept."""
    if sound.audio.rate_hz == rate_hz:
        return sound
    return sound.keep(("at_rate", rate_hz), lambda: sound.derived(resample(sound.audio, rate_hz)))


def as_delivered(sound: Listening, rate_hz: int) -> Listening:
    """Return a sound as a master carries it: at a rate, and mono in two equal channels. Kept.

    A file of one channel is refused by stores, and its level read as one speaker's: it
    plays from two.
    """
    at = at_rate(sound, rate_hz)
    if at.audio.channels != 1:
        return at
    return at.keep(("as_delivered",), lambda: at.derived(from_two_speakers(at.audio)))


def from_two_speakers(audio: Audio) -> Audio:
    """Return mono as two equal channels; anything else as it is."""
    if audio.channels != 1:
        return audio
    return Audio(np.repeat(audio.samples, 2, axis=0), audio.rate_hz)
