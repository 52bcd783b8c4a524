from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from controlroom.music.analysis import MusicFacts, analyse
from tests.music.band import Take, beat_f, pitch_classes_of, play
from tests.tolerances import (
    BEAT_F,
    BEAT_SHIFT_S,
    CHORD_SHARE,
    EXACT,
    TEMPO_RATIO,
    TUNING_CENTS,
)


def heard(take: Take, samples: np.ndarray | None = None) -> MusicFacts:
    return analyse(take.samples if samples is None else samples, take.rate_hz)


@pytest.fixture(scope="module")
def take() -> Take:
    return play()


@pytest.fixture(scope="module")
def facts(take: Take) -> MusicFacts:
    return heard(take)


def chord_share(take: Take, facts: MusicFacts) -> float:
    """Share of beats whose chord is right."""
    right = 0
    for index, beat in enumerate(take.beats_s[:-1]):
        bar = index // take.beats_per_bar
        wanted = (take.roots[bar], take.qualities[bar])
        middle = beat + 30.0 / take.tempo_bpm
        now = next(c for c in facts.chords if c.start_s <= middle < c.end_s)
        right += now.label != "N" and (pitch_classes_of(now.label), now.label.split(":")[1]) == wanted
    return right / (len(take.beats_s) - 1)


@pytest.mark.parametrize("tempo_bpm", [72.0, 96.5, 128.0, 163.0])
def test_tempo_beats_and_bars_are_found(tempo_bpm: float) -> None:
    take = play(tempo_bpm)
    facts = heard(take)
    assert facts.grid.tempo_bpm == pytest.approx(tempo_bpm, rel=TEMPO_RATIO)
    assert facts.constant_tempo
    beats = np.array(facts.grid.beats_s)
    assert beat_f(take.beats_s, beats[beats < take.beats_s[-1] + 0.1]) >= BEAT_F
    downbeats = np.array(facts.grid.downbeats_s)
    assert beat_f(take.beats_s[::4], downbeats[downbeats < take.beats_s[-1] + 0.1]) >= BEAT_F


def test_three_four_is_found() -> None:
    take = play(118.0, beats_per_bar=3, bars=20)
    facts = heard(take)
    assert facts.grid.beats_per_bar == 3
    assert facts.grid.tempo_bpm == pytest.approx(118.0, rel=TEMPO_RATIO)


@pytest.mark.parametrize("tonic", [0, 5, 9])
def test_key_and_chords_are_found_with_numerals(tonic: int) -> None:
    take = play(tonic=tonic)
    facts = heard(take)
    assert facts.key is not None
    assert (facts.key.tonic, facts.key.mode) == (tonic, "major")
    assert chord_share(take, facts) >= CHORD_SHARE
    assert {"I", "V", "vi", "IV"} <= {chord.roman for chord in facts.chords}


@pytest.mark.parametrize("cents", [-35.0, 20.0])
def test_tuning_is_measured_and_followed(cents: float) -> None:
    take = play(cents=cents)
    facts = heard(take)
    assert facts.tuning_cents == pytest.approx(cents, abs=TUNING_CENTS)
    assert facts.key is not None
    assert facts.key.tonic == take.tonic


@pytest.mark.parametrize("gain_db", [-40.0, 12.0])
def test_gain_changes_nothing_heard(take: Take, facts: MusicFacts, gain_db: float) -> None:
    louder = heard(take, take.samples * np.float32(10 ** (gain_db / 20)))
    assert louder.grid.beats_s == pytest.approx(facts.grid.beats_s, abs=BEAT_SHIFT_S)
    assert louder.key is not None
    assert facts.key is not None
    assert louder.key.label == facts.key.label
    assert [c.label for c in louder.chords] == [c.label for c in facts.chords]


def test_polarity_changes_nothing_heard(take: Take, facts: MusicFacts) -> None:
    assert heard(take, -take.samples) == facts


def test_channels_may_be_swapped_and_the_quiet_one_inverted(take: Take, facts: MusicFacts) -> None:
    mono = take.samples[0]
    stereo = np.stack([mono, 0.5 * mono])
    swapped = heard(take, stereo[::-1])
    assert swapped == heard(take, stereo)
    assert heard(take, np.stack([mono, -mono])).grid.beats_s == pytest.approx(
        facts.grid.beats_s, abs=BEAT_SHIFT_S
    )
    assert heard(take, mono) == facts


@pytest.mark.parametrize("frames", [1000, 7777, 30001])
def test_a_delay_moves_the_beats_by_itself(take: Take, facts: MusicFacts, frames: int) -> None:
    later = heard(take, np.pad(take.samples, ((0, 0), (frames, 0))))
    delay_s = frames / take.rate_hz
    moved = np.array(later.grid.beats_s)
    for beat in facts.grid.beats_s[4:-4]:
        assert np.min(np.abs(moved - beat - delay_s)) == pytest.approx(EXACT, abs=BEAT_SHIFT_S)
    assert later.grid.tempo_bpm == pytest.approx(facts.grid.tempo_bpm, rel=TEMPO_RATIO)


def test_playing_faster_moves_key_and_tempo_together(take: Take) -> None:
    ratio = 2 ** (2 / 12)
    faster = analyse(take.samples, round(take.rate_hz * ratio))
    assert faster.key is not None
    assert (faster.key.tonic, faster.key.mode) == ((take.tonic + 2) % 12, "major")
    assert faster.grid.tempo_bpm == pytest.approx(take.tempo_bpm * ratio, rel=TEMPO_RATIO)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000, 96000, 192000])
def test_every_rate_hears_the_same_music(rate_hz: int) -> None:
    take = play(rate_hz=rate_hz, bars=8)
    facts = heard(take)
    assert facts.grid.tempo_bpm == pytest.approx(take.tempo_bpm, rel=TEMPO_RATIO)
    assert facts.key is not None
    assert facts.key.tonic == take.tonic


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.5, 1.0, 3.0, 5.0])
@pytest.mark.parametrize("rate_hz", [8000, 48000])
def test_short_sounds_never_fail(seconds: float, rate_hz: int) -> None:
    take = play(rate_hz=rate_hz, bars=4)
    short = take.samples[:, : int(seconds * rate_hz)]
    facts = analyse(short, rate_hz)
    assert facts.duration_s == pytest.approx(seconds, abs=1 / rate_hz)
    assert all(0 <= beat <= seconds for beat in facts.grid.beats_s)
    if seconds < 2:
        assert facts.grid.tempo_bpm is None
        assert facts.key is None


@pytest.mark.parametrize("channels", [1, 2])
def test_silence_is_not_known(channels: int) -> None:
    facts = analyse(np.zeros((channels, 44100 * 10), dtype=np.float32), 44100)
    assert facts.grid.tempo_bpm is None
    assert facts.grid.beats_s == ()
    assert (facts.key, facts.tuning_cents, facts.chords, facts.sections, facts.vocals) == (
        None,
        None,
        (),
        None,
        None,
    )


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("seed,seconds", [(1, 5), (2, 10), (3, 20), (4, 60)])
def test_noise_is_not_known(slope: float, seed: int, seconds: int) -> None:
    """White, pink and brown: no beat, no key, no chords."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal((2, 22050 * seconds)), axis=1)
    spectrum /= np.maximum(np.arange(spectrum.shape[1]), 1) ** slope
    noise = np.fft.irfft(spectrum, axis=1)
    facts = analyse((0.3 * noise / np.abs(noise).max()).astype(np.float32), 22050)
    assert facts.grid.tempo_bpm is None
    assert facts.key is None
    assert facts.chords == ()


def test_clicks_have_a_tempo_but_no_key() -> None:
    rate_hz = 44100
    out = np.zeros(rate_hz * 20, dtype=np.float32)
    rng = np.random.default_rng(3)
    click = (0.5 * rng.standard_normal(400) * np.exp(-np.arange(400) / 80)).astype(np.float32)
    beats = 0.3 + 0.48 * np.arange(40)
    for beat in beats:
        out[int(beat * rate_hz) : int(beat * rate_hz) + 400] += click
    facts = analyse(out[None], rate_hz)
    assert facts.grid.tempo_bpm == pytest.approx(125.0, rel=TEMPO_RATIO)
    near = [np.min(np.abs(np.array(facts.grid.beats_s) - beat)) for beat in beats]
    assert max(near) == pytest.approx(EXACT, abs=BEAT_SHIFT_S)
    assert facts.key is None


def test_a_tempo_that_drifts_is_followed() -> None:
    """From 100 to 112 bpm over a minute: beats are placed by each own time, not by a grid."""
    rate_hz = 22050
    beat, beats = 0.4, []
    while beat < 60.0:
        beats.append(beat)
        beat += 60.0 / (100.0 + 12.0 * beat / 60.0)
    t = np.arange(int(0.1 * rate_hz)) / rate_hz
    kick = np.sin(2 * np.pi * 90 * t) * np.exp(-t / 0.04) + 0.2 * np.random.default_rng(1).standard_normal(
        t.size
    ) * np.exp(-t / 0.01)
    out = np.zeros(int(61 * rate_hz))
    for at in beats:
        out[int(at * rate_hz) : int(at * rate_hz) + t.size] += 0.5 * kick
    facts = analyse(out.astype(np.float32)[None], rate_hz)
    assert not facts.constant_tempo
    assert beat_f(np.array(beats), np.array(facts.grid.beats_s)) >= BEAT_F


def test_confidences_are_between_nothing_and_certainty(facts: MusicFacts) -> None:
    assert 0 < facts.grid.confidence <= 1
    assert 0 < facts.downbeat_confidence <= facts.grid.confidence
    assert facts.key is not None
    assert 0 < facts.key.confidence <= 1
    assert all(0 < chord.confidence <= 1 for chord in facts.chords)


def test_chords_and_sections_cover_the_song_without_gaps(facts: MusicFacts) -> None:
    assert facts.sections is not None
    for spans in (facts.chords, facts.sections.sections):
        assert spans[0].start_s == EXACT
        assert spans[-1].end_s == facts.duration_s
        assert all(a.end_s == b.start_s for a, b in pairwise(spans))
