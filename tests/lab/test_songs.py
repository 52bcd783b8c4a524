"""The synthesiser: the same seed gives the same song, stems add up, and the truth is true."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from lab.songs import STYLES, SynthSong, make_song, sum_stems
from lab.songs.desk import CENTRES_HZ, bands_of
from scipy import signal

from tests.tolerances import EXACT

SEEDS = range(len(STYLES))
DURATION_S = 30.0


@cache
def song_of(seed: int) -> SynthSong:
    return make_song(seed, duration_s=DURATION_S)


def test_the_seed_decides_every_sample():
    again = make_song(3, duration_s=DURATION_S)
    assert np.array_equal(again.mix.samples, song_of(3).mix.samples)
    assert make_song(11, style="hiphop", duration_s=DURATION_S).mix.digest() != again.mix.digest()


def test_an_unknown_style_is_refused_by_name():
    with pytest.raises(ValueError, match="polka"):
        make_song(0, style="polka")


def test_seeds_write_different_songs():
    from lab.songs.form import write_score

    scores = [write_score(STYLES["pop"], 60.0, np.random.default_rng([seed, 1])) for seed in range(100)]
    distinct = {(s.tempo_bpm, s.key, s.sections, tuple(b.roman for b in s.bars)) for s in scores}
    assert len(distinct) >= 99


@pytest.mark.parametrize("seed", SEEDS)
def test_stems_add_up_to_the_mix(seed):
    song = song_of(seed)
    assert np.max(np.abs(sum_stems(song.stems).samples - song.mix.samples)) == EXACT


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_lies_within_the_song_and_in_order(seed):
    song = song_of(seed)
    truth = song.truth
    assert truth.music_end_s < song.mix.duration_s
    assert np.allclose(np.diff(truth.beats_s), 60 / truth.tempo_bpm)
    assert truth.beats_s[-1] == pytest.approx(truth.music_end_s)
    assert set(truth.downbeats_s) <= set(truth.beats_s)
    for spans in (truth.sections, truth.chords):
        assert spans[0].start_s == pytest.approx(truth.beats_s[0])
        assert spans[-1].end_s == pytest.approx(truth.music_end_s)
        assert all(a.end_s == pytest.approx(b.start_s) for a, b in itertools.pairwise(spans))
    for phrase in truth.vocal_spans:
        assert 0 <= phrase.start_s < phrase.end_s <= song.mix.duration_s


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("part", ["kick", "snare"])
def test_onsets_are_where_the_truth_says(seed, part):
    song = song_of(seed)
    rate = song.rate_hz
    power = np.sum(song.stems[part].samples.astype(np.float64) ** 2, axis=0)
    window = int(0.006 * rate)
    total = np.concatenate([[0.0], np.cumsum(power)])
    onsets = np.round(song.truth.onsets_s[part] * rate).astype(int)
    onsets = onsets[(onsets > 2 * window) & (onsets < power.size - 3 * window)]
    after = total[onsets + 2 * window] - total[onsets]
    before = total[onsets - window // 4] - total[onsets - 2 * window - window // 4]
    # a stroke is louder than what rings before it; a ghost note on a ringing drum may not be
    assert np.mean(after > 2 * before) >= 0.9


@pytest.mark.parametrize("seed", [s for s in SEEDS if list(STYLES)[s] != "ambient"])
def test_the_voice_sounds_in_its_phrases_only(seed):
    song = song_of(seed)
    if "vocals" not in song.stems:
        pytest.skip("an instrumental")
    power = np.sum(song.stems["vocals"].samples.astype(np.float64) ** 2, axis=0)
    inside = np.zeros(power.size, dtype=bool)
    for phrase in song.truth.vocal_spans:
        inside[int(phrase.start_s * song.rate_hz) : int((phrase.end_s + 0.8) * song.rate_hz)] = True
    assert power[~inside].sum() < 0.01 * power.sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clean_song_measures_like_a_mix(seed):
    song = song_of(seed)
    samples = song.mix.samples.astype(np.float64)
    assert 0.3 < np.max(np.abs(samples)) < 1.0
    assert 0.3 < np.corrcoef(samples)[0, 1] < 0.98
    assert abs(np.mean(samples)) < 1e-4
    crest_db = 20 * np.log10(np.abs(samples).max() / np.sqrt(np.mean(samples**2)))
    assert 10 < crest_db < 24
    frequencies, power = signal.welch(samples, song.rate_hz, nperseg=16384)
    bands = 10 * np.log10(bands_of(power.sum(axis=0), song.rate_hz)) - 10 * np.log10(CENTRES_HZ)
    middle = (CENTRES_HZ >= 100) & (CENTRES_HZ <= 10000)
    slope = np.polyfit(np.log2(CENTRES_HZ[middle]), bands[middle], 1)[0]
    assert -6.0 < slope < -3.0
    assert frequencies[-1] == song.rate_hz / 2


@pytest.mark.parametrize("seed", SEEDS)
def test_choruses_are_louder_than_verses(seed):
    song = song_of(seed)
    levels: dict[str, list[float]] = {}
    for section in song.truth.sections:
        part = song.mix.excerpt(int(section.start_s * song.rate_hz), int(section.end_s * song.rate_hz))
        levels.setdefault(section.label, []).append(10 * np.log10(np.mean(part.samples**2)))
    lift_db = np.mean(levels["chorus"]) - np.mean(levels["verse"])
    assert 1.0 < lift_db < 5.0


def test_the_end_rings_out_into_silence():
    for seed in SEEDS:
        song = song_of(seed)
        tail = song.mix.samples[:, -int(0.1 * song.rate_hz) :]
        assert np.max(np.abs(tail)) < 0.01 * np.max(np.abs(song.mix.samples))
