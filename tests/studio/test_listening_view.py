"""`listen` returns findings and music as plain data, and a picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile
from typer.testing import CliRunner

from controlroom.cli.app import app
from controlroom.studio.studio import Studio
from tests import tolerances as tol
from tests.conftest import music

KEYS = {
    "tempo_bpm",
    "key",
    "sections",
    "chords",
    "beats_s",
    "downbeats_s",
    "tuning_cents",
    "dynamic_arc",
    "harmony",
}


def test_a_file_is_heard_with_its_music(studio: Studio, tmp_path: Path, rng: np.random.Generator) -> None:
    audio, path = music(rng, seconds=16.0), tmp_path / "long.wav"
    soundfile.write(path, audio.samples.T, audio.rate_hz, subtype="PCM_24")
    told = json.loads(json.dumps(studio.listen(path).as_dict()))
    assert set(told) == {"findings", "music", "remarks"}
    assert set(told["music"]) >= KEYS
    for finding in told["findings"]:
        assert {
            "kind",
            "severity",
            "confidence",
            "start_s",
            "end_s",
            "part",
            "measurements",
            "standard",
        } <= set(finding)
    # clicks of 120 to the minute, or a metrical level of it
    assert any(abs(told["music"]["tempo_bpm"] / bpm - 1) < tol.TEMPO_RATIO for bpm in (60, 120, 240))


def test_a_song_is_heard_as_its_file(studio: Studio, take_file: Path, tmp_path: Path) -> None:
    song = studio.new(tmp_path / "song", title="A Song")
    studio.add(song, take_file)
    of_song, of_file = studio.listen(song), studio.listen(take_file)
    assert dict(of_song.music) == dict(of_file.music)
    assert [f.kind for f in of_song.findings] == [f.kind for f in of_file.findings]
    assert of_song.picture.title == "take.wav"


def test_the_command_prints_and_draws(take_file: Path, tmp_path: Path) -> None:
    plot = tmp_path / "heard.svg"
    done = CliRunner().invoke(app, ["listen", str(take_file), "--json", "--plot", str(plot)])
    assert done.exit_code == 0, done.output
    assert set(json.loads(done.stdout)["music"]) >= KEYS
    assert plot.read_text(encoding="utf-8").startswith("<svg")
