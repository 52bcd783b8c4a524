"""What is handed out, field by field: a name that goes or changes breaks the page, the terminal and people's scripts."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import soundfile

from controlroom.listening.listening import Listening
from controlroom.music.analysis import MusicFacts
from controlroom.music.correction import MusicCorrection
from controlroom.studio.console_music import heard_data
from controlroom.studio.listening_view import music_data
from controlroom.studio.song import opened
from controlroom.studio.studio import Studio
from tests.conftest import music

MUSIC = {
    "duration_s", "tempo_bpm", "tempo_alternative_bpm", "tempo_confidence", "constant_tempo", "beats_per_bar", "beats_s",
    "downbeats_s", "downbeat_confidence", "tuning_cents", "key", "key_confidence", "key_runner_up", "chords", "sections",
    "sections_confidence", "vocals", "dynamic_arc", "harmony", "intended_energy_agreement",
}  # fmt: skip
HEARD = {
    "tempo_bpm", "tempo_alternative_bpm", "tempo_confidence", "first_downbeat_s", "downbeat_confidence", "beats_per_bar",
    "key", "key_confidence", "sections", "sections_confidence", "chords",
}  # fmt: skip
PICTURES = (
    "waveform_before", "waveform_after", "loudness_before", "loudness_after", "gain_reduction", "spectrum",
)  # fmt: skip


def test_the_music_is_handed_out_under_its_names() -> None:
    assert set(music_data(Listening(music(np.random.default_rng(1), 4.0)))) == MUSIC


def test_what_was_heard_is_handed_out_under_the_names_that_a_person_corrects() -> None:
    facts = MusicFacts.model_validate(
        {
            "duration_s": 9.0,
            "grid": {"clock": "t", "beats_s": [0.5, 1.0], "downbeats_s": [0.5], "beats_per_bar": 4},
        }
    )
    heard = heard_data(facts)
    assert set(heard) == HEARD
    assert heard["first_downbeat_s"] == 0.5
    assert (set(MusicCorrection.model_fields) - {"clock", "withdrawn", "by", "at", "reason"}) <= set(heard)


def test_a_song_is_shown_under_its_names(mine: Path, studio: Studio) -> None:
    shown = studio.show(mine).as_dict()
    assert {"state", "take", "findings", "notes", "proposals", "decisions", "elsewhere"} <= set(shown)


def test_a_report_has_every_picture(mine: Path, studio: Studio) -> None:
    report = studio.render(mine).data
    assert [name for name in PICTURES if getattr(report, name) is None] == []


def test_the_first_ledger_entry_of_standards_names_what_they_were(bare: Path) -> None:
    with opened(bare, writing=False) as song:
        (first, *_) = song.memory.ledger.entries(["standards.set"])
        assert first.body == {"digest": song.standards.digest}


def test_a_stem_that_was_turned_over_is_told(bare: Path, band: Path, tmp_path: Path) -> None:
    parcel = tmp_path / "stems"
    parcel.mkdir()
    for path in (band / "stems").iterdir():
        sound, rate_hz = soundfile.read(path, dtype="float32")
        turned = -sound if "bass" in path.name else sound
        soundfile.write(parcel / path.name, turned, rate_hz, subtype="FLOAT")
    root = Path(shutil.copytree(bare, tmp_path / "song"))
    Studio(name="tester").add_stems(root, parcel)
    with opened(root, writing=False) as song:
        (standing,) = song.memory.stems.values()
    files = {one.role: one.inverted for one in standing.files}
    assert files.pop("bass")
    assert not any(files.values())
