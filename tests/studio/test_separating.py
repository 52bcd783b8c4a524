"""A file to stems, without a song."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from controlroom.media.decode import DecodeLimits
from controlroom.model.context import Context
from controlroom.model.errors import EnvironmentFault, UsageError
from controlroom.separation.form import BackendChoice
from controlroom.studio.separating import add_model, separate_file


def test_each_part_is_a_float_file_of_the_takes_rate_and_length(take_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "stems"
    for _ in range(2):  # a folder that is there already is used
        made = separate_file(take_file, out, BackendChoice("parts"), DecodeLimits(), Context())
    assert made.backend == "parts"
    assert made.licence
    assert set(made.files) >= {"drums", "bass"}
    assert {path.name for path in out.iterdir()} == {f"{role}.wav" for role in made.files}
    take = soundfile.info(take_file)
    for path in made.files.values():
        stem = soundfile.info(path)
        assert (stem.samplerate, stem.frames, stem.subtype) == (take.samplerate, take.frames, "FLOAT")
    assert made.as_dict() == {
        "backend": "parts",
        "licence": made.licence,
        "stems": {role: str(out / f"{role}.wav") for role in made.files},
    }


def test_a_file_where_the_folder_should_be_is_named(take_file: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(EnvironmentFault, match="out"):
        separate_file(take_file, tmp_path / "out", BackendChoice("parts"), DecodeLimits(), Context())
    assert (tmp_path / "out").read_text() == "mine"


def test_there_are_weights_of_one_backend_only() -> None:
    with pytest.raises(UsageError, match="'demucs'") as caught:
        add_model("demucs", None, Context())
    assert (caught.value.code, caught.value.hint) == ("models.unknown", "one of: spleeter")
