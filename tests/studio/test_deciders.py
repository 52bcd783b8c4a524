"""Answers from a file: every condition that is given must fit, and the first row that fits counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.model.decisions import Answer, Question, Who
from controlroom.model.errors import UsageError
from controlroom.model.proposals import Proposal, Stage
from controlroom.processors.gain import Gain
from controlroom.processors.rumble import Rumble
from controlroom.studio.deciders import AnswersFile


def asked(kind: str, processor: Gain | Rumble) -> Proposal:
    return Proposal(source_digest="s", upstream=(), step=processor.step(), kind=kind)


GAIN = asked("level", Gain(gain_db=-3.0))
RUMBLE = asked("rumble", Rumble(attenuation_db=40.0))


def replies(path: Path, text: str):
    path.write_text(text)
    decider = AnswersFile(path, "ada")
    assert (decider.who, decider.name, decider.policy_digest) == (Who.PERSON, "ada", None)
    return decider.decide(Question(stage=Stage.REPAIR, proposals=(GAIN, RUMBLE)))


@pytest.mark.parametrize(
    "row, covered",
    [
        ('kind = "level"', {GAIN.id}),
        ('processor = "rumble"', {RUMBLE.id}),
        (f'proposal = "{GAIN.id}"', {GAIN.id}),
        ('kind = "level"\nprocessor = "gain"', {GAIN.id}),
        ('kind = "level"\nprocessor = "rumble"', set()),
        (f'proposal = "{GAIN.id}"\nkind = "rumble"', set()),
    ],
)
def test_a_row_covers_what_fits_all_that_it_names(tmp_path: Path, row: str, covered: set[str]) -> None:
    found = replies(tmp_path / "a.toml", f'[[answers]]\nanswer = "reject"\nreason = "no"\n{row}\n')
    assert set(found) == covered
    assert {(reply.answer, reply.reason, reply.step) for reply in found.values()} <= {
        (Answer.REJECT, "no", None)
    }


def test_the_first_row_that_fits_counts_and_an_edit_changes_the_knobs_it_names(tmp_path: Path) -> None:
    found = replies(
        tmp_path / "a.toml",
        '[[answers]]\nkind = "level"\nanswer = "edit"\nknobs = { gain_db = -6.0 }\nreason = "headroom"\n'
        '[[answers]]\nprocessor = "gain"\nanswer = "accept"\n'
        '[[answers]]\nprocessor = "rumble"\nanswer = "edit"\nknobs = { freq_hz = 25.0 }\n',
    )
    edited = found[GAIN.id]
    assert (edited.answer, edited.reason) == (Answer.EDIT, "headroom")
    assert edited.step == GAIN.step.model_copy(update={"knobs": {"gain_db": -6.0}})
    assert found[RUMBLE.id].step.knobs == {**RUMBLE.step.knobs, "freq_hz": 25.0}


@pytest.mark.parametrize(
    "text", ["", "answers = 3", '[[answers]]\nkind = "x"', '[[answers]]\nanswer = "accept"\nwhat = 1']
)
def test_a_file_of_another_shape_is_refused_with_its_code(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(UsageError, match=r"a\.toml") as caught:
        AnswersFile(tmp_path / "a.toml", "ada")
    assert caught.value.code == "answers.bad"
    assert "docs/concepts.md" in caught.value.hint
