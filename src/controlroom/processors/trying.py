"""A processor tried before it is offered, so that a claim is what was measured and not what was hoped."""

from __future__ import annotations

import math

import numpy as np

from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.processors.form import Block, Processor

_BLOCK_FRAMES = 1 << 18


def tried(processor: Processor, part: Listening) -> Audio:
    """Return the whole sound of a part as the processor would leave it.

    In blocks with their context, as the desk does it but longer: within
    rounding of what the desk will render, not bit for bit.
    """
    audio = part.audio
    if processor.is_neutral() or audio.frames == 0:
        return audio
    state = processor.prepare(part)
    wide = math.ceil(processor.context_s() * audio.rate_hz)
    padded = np.pad(audio.samples, ((0, 0), (wide, wide)))
    out = np.empty_like(audio.samples)
    for start in range(0, audio.frames, _BLOCK_FRAMES):
        stop = min(start + _BLOCK_FRAMES, audio.frames)
        block = Block(padded[:, start : stop + 2 * wide], start - wide, audio.rate_hz)
        out[:, start:stop] = processor.apply(block, state)[:, wide : wide + stop - start]
    return Audio(out, audio.rate_hz)
