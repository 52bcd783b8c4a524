"""One seed, one song: written, played, mixed, with its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controlroom.model.audio import Audio
from lab.songs import desk, drums, tones, voice
from lab.songs.form import Score, write_score
from lab.songs.styles import LEVELS_DB, STYLES
from lab.songs.truth import SongTruth, SynthSong, sum_stems

PEAK_CEILING = 10 ** (-2.0 / 20)
LEVEL_DBFS = -19.0
"""RMS that a mix is brought to, unless its peak forbids; about −17 LUFS."""

HARMONY_ROLES = {
    "warm": "pads", "bright": "pads", "piano": "keys", "epiano": "keys", "pluck": "lead", "bell": "lead",
    "organ": "lead", "strummed": "guitar", "picked": "guitar", "driven": "guitar",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """The dry stems by role, mono or stereo, and what was played in them."""

    dry: dict[str, np.ndarray]
    hits: dict[str, list[drums.Hit]]
    sung: voice.Sung | None


def make_song(
    seed: int,
    *,
    style: str | None = None,
    duration_s: float = 60.0,
    rate_hz: int = 44100,
    tempo_drift: float = 0.0,
    tuning_cents: tuple[float, float] = (0.0, 0.0),
    one_loop_share: float = 0.0,
) -> SynthSong:
    """Synthesise a clean multitrack song with truth.

    Parameters
    ----------
    seed : int
        Chooses everything; the same seed, arguments and numpy give the same
        samples.
    style : str or None
        One of ``lab.songs.STYLES``; None takes them in turn by seed.
    duration_s : float
        About how long, ring-out included; whole bars, at least six.
    rate_hz : int
        Sampling rate, at least 22 050.
    tempo_drift : float
        How much longer the last bar is than the first, as a share; 0 is a
        steady tempo. The tempo of the truth is that of the middle.
    tuning_cents : (float, float)
        Deviation from A4 = 440 Hz at the start and at the end.
    one_loop_share : float
        Share of the bars, from the first, that go round one loop of chords.

    Returns
    -------
    SynthSong
        ``mix`` is ``sum_stems(stems)`` to the bit.
    """
    name = style or list(STYLES)[seed % len(STYLES)]
    if name not in STYLES:
        raise ValueError(f"style {name!r} is not one of {', '.join(STYLES)}")
    rng = np.random.default_rng([seed, 1])
    score = write_score(STYLES[name], duration_s, rng, tempo_drift, one_loop_share)
    performance = _perform(score, seed, rate_hz, tuning_cents)
    stems = _mix(score, performance, seed, rate_hz)
    truth = _truth(score, performance, rate_hz)
    return SynthSong(seed, name, duration_s, stems, sum_stems(stems), truth)


def _perform(score: Score, seed: int, rate_hz: int, cents: tuple[float, float]) -> Performance:
    frames = int(score.total_s * rate_hz)
    kit = drums.make_kit(np.random.default_rng([seed, 2]), rate_hz, score.style.kit)
    hits = drums.play(score, np.random.default_rng([seed, 3]))
    dry: dict[str, np.ndarray] = {}
    for index, (part, strokes) in enumerate(hits.items()):
        dry[part] = drums.render_hits(strokes, kit, frames, rate_hz, np.random.default_rng([seed, 4, index]))
    line = tones.bass_line(score, np.random.default_rng([seed, 5]))
    line = tones.detuned(line, *cents, score.end_s)
    dry["bass"] = tones.render_notes(tones.TIMBRES[score.style.bass], line, frames, rate_hz)
    for index, (_, kind) in enumerate(score.style.harmony):
        notes = tones.harmony_part(score, kind, f"harmony{index}", np.random.default_rng([seed, 6, index]))
        notes = tones.detuned(notes, *cents, score.end_s)
        part_of_mix = tones.render_notes(tones.TIMBRES[kind], notes, frames, rate_hz)
        if kind == "driven":
            part_of_mix = tones.drive(part_of_mix, rate_hz)
        dry[HARMONY_ROLES[kind]] = part_of_mix
    sung = None
    if score.has_voice:
        voice_rng = np.random.default_rng([seed, 7])
        sung = voice.write_melody(score, voice_rng)
        tuned = voice.detuned(sung, *cents, score.end_s)
        dry["vocals"] = voice.sing(tuned, frames, rate_hz, voice_rng)
    return Performance(dry, hits, sung)


def _active_share(samples: np.ndarray) -> float:
    """Share of 4096-frame groups that sound at all, within 30 dB of the loudest."""
    groups = samples[:, : samples.shape[1] // 4096 * 4096].reshape(samples.shape[0], -1, 4096)
    power = np.einsum("cgf,cgf->g", groups, groups)
    return float(np.mean(power > 1e-3 * power.max()))


def _gains_db(
    score: Score, performance: Performance, bands: dict[str, np.ndarray], seed: int
) -> dict[str, float]:
    """Set each part's K-weighted level, while it plays, against the lead's."""
    rng = np.random.default_rng([seed, 8])
    weight = 10 ** (desk.k_weight_db(desk.CENTRES_HZ) / 10)
    levels = {**LEVELS_DB, **score.style.levels_db}
    gains = {}
    for role, dry in performance.dry.items():
        power = np.dot(bands[role], weight) / _active_share(dry)
        gains[role] = levels[role] + float(rng.uniform(-0.8, 0.8)) - 10 * np.log10(power)
    return gains


def _mix(score: Score, performance: Performance, seed: int, rate_hz: int) -> dict[str, Audio]:
    rng = np.random.default_rng([seed, 9])
    tail = desk.room(score.style.room_s * rng.uniform(0.8, 1.2), rate_hz, rng)
    tilt = float(rng.uniform(-5.3, -4.4))
    blocks = {role: desk.split(dry) for role, dry in performance.dry.items()}
    bands = {
        role: cut.band_power(rate_hz) * 10 ** (desk.strip_curve_db(desk.STRIPS[role], desk.CENTRES_HZ) / 10)
        for role, cut in blocks.items()
    }
    gains = _gains_db(score, performance, bands, seed)
    total = sum(bands[role] * 10 ** (gains[role] / 10) for role in bands)
    bus = desk.bus_curve_db(np.asarray(total), tilt)
    extra_wet = score.style.wet_db + 16.0
    stems = {}
    for role, cut in blocks.items():
        strip = desk.STRIPS[role]
        wet = strip.wet_db + (extra_wet if role not in {"kick", "bass"} else 0.0)
        placed = desk.Strip(strip.pan, wet, strip.low_hz, strip.high_hz, strip.points)
        matrix = desk.strip_filters(placed, bus, gains[role], tail, cut.spectra.shape[0], rate_hz)
        stems[role] = desk.pass_through(cut, matrix)
    gain = _final_gain(stems)
    return {role: Audio(gain * stem, rate_hz) for role, stem in stems.items()}


def _final_gain(stems: dict[str, np.ndarray]) -> np.float32:
    mix = np.zeros_like(next(iter(stems.values())))
    for stem in stems.values():
        mix += stem
    level = 10 ** (LEVEL_DBFS / 20) / float(np.sqrt(np.vdot(mix, mix) / mix.size))
    return np.float32(min(level, PEAK_CEILING / max(float(mix.max()), -float(mix.min()))))


def _truth(score: Score, performance: Performance, rate_hz: int) -> SongTruth:
    beats = score.beats()
    sung = performance.sung
    return SongTruth(
        tempo_bpm=score.tempo_bpm,
        metre=score.metre,
        key=score.key,
        beats_s=beats,
        downbeats_s=beats[:: score.metre],
        sections=score.sections,
        chords=score.chords(),
        onsets_s={part: drums.onset_times(strokes, rate_hz) for part, strokes in performance.hits.items()},
        vocal_spans=sung.phrases if sung else (),
        sibilants=sung.sibilants if sung else (),
        music_end_s=score.end_s,
    )
