"""A kept figure rests on its own fault's code, and on no neighbour's."""

from __future__ import annotations

import pytest
from lab.defects import DEFECTS
from lab.ears_digest import code_of_defect

from lab import ears_digest


def _gathered(name: str) -> dict[str, str]:
    used: dict[str, str] = {}
    ears_digest._gather(DEFECTS[name].apply.__module__, DEFECTS[name].apply.__name__, used)
    return used


def test_no_two_faults_share_a_digest() -> None:
    assert len({code_of_defect(name) for name in DEFECTS}) == len(DEFECTS)


@pytest.mark.parametrize(
    "name, uses, leaves",
    [
        (
            "late-degradation",
            {"dynamics_form.late_degradation", "voice_space.darker", "sound.shaped"},
            "pumping",
        ),
        ("whine", {"noise.whine", "sound.masked_tone_rms", "sound.MASKED_TONE_DB"}, "hiss"),
        ("masked-voice", {"voice_space._sung", "voice_space.BACKING", "form.with_stems"}, "sibilance"),
    ],
)
def test_a_fault_is_digested_with_what_it_calls_and_not_with_its_neighbours(
    name: str, uses: set[str], leaves: str
) -> None:
    own = {key.removeprefix("lab.defects.") for key in _gathered(name)}
    assert uses <= own
    assert not any(key.endswith(f".{leaves}") for key in own)
