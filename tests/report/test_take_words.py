from __future__ import annotations

import pytest

from controlroom.model.song import ImportRemark, TakeFacts
from controlroom.report.take_words import remark_sentence, take_sentences

FACTS = TakeFacts(
    file_name="a.wav",
    sha256="0",
    size_bytes=1,
    container="wav",
    codec="pcm_s16",
    rate_hz=8000,
    channels=1,
    frames=1,
)


@pytest.mark.parametrize(
    "code, values, words",
    [
        (
            "behind-promise",
            {"promised_s": 1, "more_s": 7},
            "promises 1.00 s of sound; 7.00 s more lie behind",
        ),
        ("no-sound-behind", {"bytes": 2048}, "2,048 bytes behind its sound"),
        ("unread", {"bytes": 1}, "1 byte behind what its header tells"),
        ("missing", {"missing_s": 3}, "3.00 s are missing"),
        ("missing", {}, "how much is missing, its header does not tell"),
        ("skipped", {"bytes": 2058, "places": 1}, "2,058 bytes in 1 place that are no frame"),
        ("joined", {"count": 2}, "2 streams, one after the other"),
        ("count-kept", {"promised_s": 8, "read_s": 2.5}, "counts 8.00 s of frames, 2.50 s are there"),
        ("cut-frame", {}, "Its last frame is cut"),
        ("no-end-mark", {}, "no end mark"),
        ("edit-list", {"left_out_s": 7}, "leaves 7.00 s of the sound"),
        ("lost", {"frames": 3}, "3 frames could not be decoded"),
        ("scaled", {"scale_db": -90.31}, "scaled by -90.31 dB"),
        ("of-another-version", {}, "of another version."),
        ("missing-numbers", {"x": 1}, "missing numbers."),
    ],
)
def test_every_remark_has_its_sentence(code: str, values: dict[str, float], words: str) -> None:
    assert words in remark_sentence(ImportRemark(code=code, values=values))


def test_a_name_that_does_not_fit_is_told_with_what_it_holds() -> None:
    remark = ImportRemark(code="named-otherwise", words=".wav|MPEG audio")
    assert remark_sentence(remark) == "It is named .wav and holds MPEG audio: its content decides."


def test_mono_is_told_and_stereo_is_not() -> None:
    assert "two equal channels" in take_sentences(FACTS)[0]
    assert take_sentences(FACTS.model_copy(update={"channels": 2})) == ()
