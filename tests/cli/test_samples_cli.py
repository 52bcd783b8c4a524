"""Samples at a terminal: brought, listed, refused, taken off, and named by a step."""

from __future__ import annotations

import json

import numpy as np
import soundfile

from controlroom.cli.__main__ import run
from tests.studio.test_samples import thud, written


def test_samples_are_brought_listed_and_taken_off(tmp_path, capsys):
    song = str(tmp_path / "song")
    file = written(tmp_path / "thud.wav", thud())
    assert run(["new", song]) == 0
    assert run(["samples", song]) == 0
    assert f"controlroom samples {song} --add FILE" in capsys.readouterr().out
    assert run(["samples", song, "--add", str(file)]) == 0
    told = capsys.readouterr().out
    assert "thud.wav: 300.0 ms, 48.0 kHz, rings at 70" in told
    assert "--knob sample=ID" in told
    assert run(["samples", song, "--json"]) == 0
    (kept,) = json.loads(capsys.readouterr().out)["samples"]
    assert run(["verify", song]) == 0
    assert f"sample {kept['id']}: thud.wav" in capsys.readouterr().out
    assert run(["samples", song, "--remove", "thud"]) == 0
    assert "No samples yet." in capsys.readouterr().out
    assert run(["history", song]) == 0
    history = capsys.readouterr().out
    assert f"brought the sample thud.wav ({kept['id']})" in history
    assert f"Sample taken off: {kept['id']}" in history


def test_what_is_wrong_is_said_with_its_code(tmp_path, capsys):
    song = str(tmp_path / "song")
    assert run(["new", song]) == 0
    soundfile.write(tmp_path / "long.wav", np.tile(thud(), 9), 48_000)
    assert run(["samples", song, "--add", str(tmp_path / "long.wav")]) == 3
    assert "[sample.too-long]" in capsys.readouterr().err
    assert run(["samples", song, "--remove", "clap"]) == 2
    assert "[sample.missing]" in capsys.readouterr().err
    assert run(["samples", song, "--remove", "clap", "--add", "x.wav"]) == 2
    assert "[usage.samples]" in capsys.readouterr().err
