"""The simulator does what the services say they do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlroom.report.sentences import playback_sentence
from controlroom.report.services import Service, play, services
from tests.tolerances import FLOAT64

LUFS = st.floats(-40, -3)
DBTP = st.floats(-20, 3)
NAMES = {
    "Spotify",
    "Apple Music",
    "YouTube and YouTube Music",
    "TIDAL",
    "Amazon Music",
    "Deezer",
    "SoundCloud",
    "Bandcamp",
}


def service(name: str, mode: str = "") -> Service:
    return next(s for s in services() if s.name == name and s.mode.startswith(mode))


def test_the_table_names_every_service_and_its_source() -> None:
    assert {s.name for s in services()} == NAMES
    assert all(s.source and s.date for s in services())


def test_spotify_s_own_example() -> None:
    """A master of −20 LUFS and −5 dBTP is raised only to −16 LUFS."""
    played = play(service("Spotify", "Normal"), -20.0, -5.0)
    assert played.code == "raised-less"
    assert played.heard_lufs == pytest.approx(-16.0, abs=FLOAT64)
    assert played.peak_dbtp == pytest.approx(-1.0, abs=FLOAT64)
    assert "stops it short" in playback_sentence(played)


@pytest.mark.parametrize(
    "name, mode, integrated, peak, code, gain",
    [
        ("Spotify", "Normal", -9.0, -1.0, "lowered", -5.0),
        ("Spotify", "Normal", -16.0, -6.0, "raised", 2.0),
        ("Spotify", "Normal", -16.0, -0.5, "not-raised", 0.0),
        ("Spotify", "Loud", -16.0, -1.0, "limited", 5.0),
        ("Apple Music", "", -10.0, -1.0, "lowered", -6.0),
        ("YouTube and YouTube Music", "", -18.0, -8.0, "not-raised", 0.0),
        ("TIDAL", "", -8.0, -1.0, "lowered", -6.0),
        ("Amazon Music", "", -12.0, -2.0, "lowered", -2.0),
        ("Deezer", "", -9.0, -1.0, "lowered", -6.0),
        ("SoundCloud", "", -9.0, -1.0, "lowered", -5.0),
        ("Bandcamp", "", -5.0, 0.5, "untouched", 0.0),
    ],
)
def test_known_cases(name: str, mode: str, integrated: float, peak: float, code: str, gain: float) -> None:
    played = play(service(name, mode), integrated, peak)
    assert played.code == code
    assert played.gain_db == pytest.approx(gain, abs=FLOAT64)
    assert playback_sentence(played)


@given(st.sampled_from(services()), LUFS, DBTP)
def test_laws_of_playback(where: Service, integrated: float, peak: float) -> None:
    played = play(where, integrated, peak)
    assert played.heard_lufs == pytest.approx(integrated + played.gain_db, abs=FLOAT64)
    if where.target_lufs is None:
        assert played.gain_db == 0
    elif played.gain_db > 0:
        assert where.raises
        assert played.heard_lufs <= where.target_lufs + FLOAT64 * 100
        assert played.peak_dbtp <= (where.raise_ceiling_dbtp or 0.0) + FLOAT64 * 100
    assert "{" not in playback_sentence(played)


def test_silence_is_not_guessed_at() -> None:
    assert {play(s, None, None).code for s in services()} == {"unknown"}
