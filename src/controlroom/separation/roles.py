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
from controlroom.separation.role_words import BY_PHRASE, NEGATIONS, told_by, words_of

_EXTENSION = re.compile(r"\.([A-Za-z0-9]{2,5})$")
_BRACKETS = re.compile(r"[\(\[]([^()\[\]]*)[\)\]]")
_DASHED = re.compile(r"(?:^|[(\[])\s*[-−](?=[^\W\d_])")
"""``-bass`` at the start of a name or bracket: without the bass, or a dash too many."""


@dataclass(frozen=True)
class RoleGuess:
    """A role and how it is known: ``name``, ``order`` of streams, ``sound``, ``person``; None is ``asked``.

    ``without`` names the parts that the file is said *not* to hold: it is the
    rest of the mix (``no_bass``), and never one of them.
    """

    role: str | None
    by: str
    without: tuple[str, ...] = ()


_ASKED = RoleGuess(None, "asked")


def roles_by_name(names: Sequence[str]) -> list[RoleGuess]:
    """Return the role that each file name tells, or *asked*.

    A name's last bracket that tells a role decides (``Song (Vocals)``); else
    what is left of the name after the words that all the names begin or end
    with (the song's title, the artist, the tempo); there the longest phrase
    wins, and two different roles of equal length leave the question open. Where
    the name tells none, its folders do, the innermost first. ``no``,
    ``without``, ``minus``, ``ex`` before a role tell the rest of the mix.

    Parameters
    ----------
    names : sequence of str
        File names of one export, with or without folders and extension.
    """
    paths = [name.replace("\\", "/").split("/") for name in names]
    stems = [_without_extension(path[-1]) for path in paths]
    own = _own_words(stems)
    folders = _own_folders([path[:-1] for path in paths])
    return [_guess(*row) for row in zip(stems, own, folders, strict=True)]


def _guess(stem: str, own: list[str], folders: list[str]) -> RoleGuess:
    brackets = [told_by(words_of(inner)) for inner in reversed(_BRACKETS.findall(stem))]
    role, without, plain = next((told for told in brackets if told[0]), None) or told_by(own)
    if (dashed := _DASHED.search(stem)) and told_by(words_of(stem[dashed.end() :]))[0] == role:
        return _ASKED
    if role and plain:
        return RoleGuess(role, "name", without)
    for folder in reversed(folders):
        named, missing, _ = told_by(words_of(folder))
        if named:
            return RoleGuess(named, "name", missing)
    return RoleGuess(role, "name", without) if role else _ASKED


def _without_extension(name: str) -> str:
    found = _EXTENSION.search(name)
    if found is None or found[1].lower() in BY_PHRASE:  # "01.bass" has none
        return name
    return name[: found.start()]


def _own_words(stems: Sequence[str]) -> list[list[str]]:
    """Return each name's words without those that all begin or end with; a name that is the title has none."""
    words = [words_of(stem) for stem in stems]
    titles = [n for n, row in enumerate(words) if _is_title(row, words)]
    rest = [row for n, row in enumerate(words) if n not in titles]
    head = _shared(rest)
    while head and rest[0][head - 1] in NEGATIONS:
        head -= 1
    tail = _shared([list(reversed(row[head:])) for row in rest])
    return [[] if n in titles else row[head : len(row) - tail] for n, row in enumerate(words)]


def _is_title(row: list[str], rows: Sequence[list[str]]) -> bool:
    """Return whether a name is what the others begin with, as the mix is called beside its stems."""
    longer = sum(len(other) > len(row) and other[: len(row)] == row for other in rows)
    return longer > 1 and longer >= len(rows) - 1 and " ".join(row) not in BY_PHRASE


def _own_folders(paths: Sequence[list[str]]) -> list[list[str]]:
    """Return each file's folders without those that all lie in: they name the song."""
    head = 0
    while len(paths) > 1 and all(len(path) > head and path[head] == paths[0][head] for path in paths):
        head += 1
    return [path[head:] for path in paths]


def _shared(rows: Sequence[list[str]]) -> int:
    """Return how many first words all rows share, leaving each at least one."""
    if len(rows) < 2:
        return 0
    most = min(len(row) for row in rows) - 1
    return next((n for n in range(max(0, most)) if len({row[n] for row in rows}) > 1), max(0, most))


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
