"""Which part a file holds, by its name first and then by its sound.

Suno exports up to twelve stems, Udio four, ACE-Step its tracks, a DAW whatever
its tracks are called. Names decide; a sound decides only where it is plain
(a bass, drums); everything else is for a person to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controlroom.model.audio import Audio

_PHRASES: dict[str, str] = {
    "backing-vocals": "backing vocals|backing vocal|backing vox|background vocals|background vocal|bg vocals|bgv|bgvs|"
    "bv|bvs|harmony vocals|harmonies|choir|backing voices|vocal harmonies|vocal chops",
    "vocals": "lead vocals|lead vocal|main vocals|main vocal|lead vox|vocals|vocal|vox|voice|voices|acapella|"
    "a cappella|acappella|singing|rap",
    "kick": "kick|kick drum|bass drum|bd",
    "snare": "snare|snare drum|sd",
    "hats": "hi hat|hi hats|hihat|hihats|hats|hat|hh|cymbals|overheads|ride",
    "drums": "drums|drum|drum kit|drumkit|beat|beats",
    "percussion": "percussion|perc|percs|clap|claps|shaker|tambourine|congas|bongos",
    "bass": "bass|bass guitar|sub|sub bass|808|808s|synth bass|bassline",
    "guitar": "guitar|guitars|acoustic guitar|electric guitar|rhythm guitar|lead guitar|gtr|gtrs",
    "keyboard": "keyboard|keyboards|keys|piano|organ|rhodes|electric piano|epiano",
    "strings": "strings|string|violin|violins|viola|cello|orchestra",
    "brass": "brass|trumpet|trombone|horns|horn",
    "woodwinds": "woodwinds|woodwind|flute|clarinet|sax|saxophone|oboe",
    "synth": "synth|synths|synthesizer|pad|pads|lead|arp|pluck|leads",
    "fx": "fx|sfx|effects|effect|fx other|risers|riser|noise",
    "accompaniment": "accompaniment|instrumental|instrumentals|backing track|no vocals|music|karaoke|minus vocals",
    "other": "other|others|rest|residual|remainder",
    "mix": "mix|full mix|mixdown|master|full song|stereo mix|original mix|2mix",
}
_BY_PHRASE = {phrase: role for role, phrases in _PHRASES.items() for phrase in phrases.split("|")}
_LONGEST = max(len(phrase.split()) for phrase in _BY_PHRASE)


@dataclass(frozen=True)
class RoleGuess:
    """A role and how it is known: ``name``, ``order`` of streams, ``sound``, ``person``; None is ``asked``."""

    role: str | None
    by: str


def roles_by_name(names: Sequence[str]) -> list[RoleGuess]:
    """Return the role that each file name tells, or *asked*.

    A name's last bracket decides if it holds a role (``Song (Vocals)``); else
    what is left of the name after the words that all the names begin or end
    with (the song's title, the artist, the tempo); there the longest phrase
    wins, and two different roles of equal length leave the question open.

    Parameters
    ----------
    names : sequence of str
        File names of one export, with or without folder and extension.
    """
    stems = [re.sub(r"\.[A-Za-z0-9]{2,5}$", "", name.replace("\\", "/").rsplit("/", 1)[-1]) for name in names]
    words = [_words(stem) for stem in stems]
    head = _shared(words)
    tail = _shared([list(reversed(w[head:])) for w in words])
    guesses = []
    for stem, own in zip(stems, words, strict=True):
        brackets = re.findall(r"[\(\[]([^()\[\]]*)[\)\]]", stem)
        role = _role_of(_words(brackets[-1])) if brackets else None
        role = role or _role_of(own[head : len(own) - tail])
        guesses.append(RoleGuess(role, "name" if role else "asked"))
    return guesses


def _words(text: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)  # BassDrums30 → Bass Drums 30
    found = re.findall(r"[A-Za-z]+|\d+", spaced)
    return [word.lower() for word in found if not word.isdigit() or word == "808"]


def _shared(rows: list[list[str]]) -> int:
    """Return how many first words all rows share, leaving each at least one."""
    if len(rows) < 2:
        return 0
    most = min(len(row) for row in rows) - 1
    return next((n for n in range(max(0, most)) if len({row[n] for row in rows}) > 1), max(0, most))


def _role_of(words: list[str]) -> str | None:
    for length in range(min(_LONGEST, len(words)), 0, -1):
        spans = (" ".join(words[n : n + length]) for n in range(len(words) - length + 1))
        found = {_BY_PHRASE[span] for span in spans if span in _BY_PHRASE}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def role_by_sound(audio: Audio) -> RoleGuess:
    """Return *bass* or *drums* where the sound says so plainly, else *asked*.

    A bass has nine tenths of its power below 250 Hz and holds its notes: its
    level in 50 ms blocks rarely falls by 10 dB from one to the next. Drums jump
    and fall: at least one block-to-block rise of 12 dB per second, at least two
    fifths of their power above 250 Hz or below 120 Hz in short bursts. Voices and
    instruments are not told apart by such means; a person is asked.
    """
    mono = audio.samples.mean(axis=0)
    hop = max(1, round(0.05 * audio.rate_hz))
    count = mono.size // hop
    if count < 20:
        return RoleGuess(None, "asked")
    blocks = mono[: count * hop].reshape(count, hop) * np.hanning(hop).astype(np.float32)
    power = np.abs(np.fft.rfft(blocks, axis=1)) ** 2
    hz = np.fft.rfftfreq(hop, 1 / audio.rate_hz)
    level = power.sum(axis=1)
    heard = level > 1e-4 * level.max()
    if not heard.any():
        return RoleGuess(None, "asked")
    low = float(power[:, hz < 250].sum() / power.sum())
    steps = np.diff(10 * np.log10(np.maximum(level, 1e-7 * level.max())))
    jumps_per_s = float(np.sum(steps > 12) / (np.sum(heard) * 0.05))
    flat = _flatness(power[heard][:, (hz > 2000) & (hz < 10_000)])
    if low > 0.9 and jumps_per_s < 1.0:
        return RoleGuess("bass", "sound")
    if jumps_per_s >= 1.0 and flat > 0.3 and low < 0.97:
        return RoleGuess("drums", "sound")
    return RoleGuess(None, "asked")


def _flatness(power: np.ndarray) -> float:
    """Return the median spectral flatness: noise near 0.56 for raw periodograms, tones near 0."""
    floor = np.maximum(power, 1e-20)
    return float(np.median(np.exp(np.log(floor).mean(axis=1)) / floor.mean(axis=1)))
