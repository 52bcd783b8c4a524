"""The terminal's summary is short and says what counts."""

from __future__ import annotations

from controlroom.model.decisions import Question
from controlroom.model.proposals import Stage
from controlroom.model.song import SongState
from controlroom.report.model import ReportData
from controlroom.report.text import findings_text, history_line, proposals_text, question_text, render_text
from controlroom.report.verdict import verdict
from tests.report.sample import sample


def test_the_summary_has_what_counts() -> None:
    told = render_text(sample()).replace("\u00a0", " ")
    assert told.startswith("Glasshouse Weather  [draft]")
    assert "From −17.8 LUFS to −10.2 LUFS" in told
    assert "controlroom decide 'glasshouse weather' p-" in told
    assert "the steps after it took it back" in told
    assert "masters/Glasshouse Weather.wav  WAV 24 bit, 48.0 kHz, −10.2 LUFS, −1.0 dBTP" in told


def test_it_is_never_longer_than_a_screen() -> None:
    data = sample()
    render = data.render
    assert render is not None
    findings = tuple(f.model_copy(update={"severity": i / 40}) for i in range(40) for f in data.findings[:1])
    proposals = tuple(
        p.model_copy(update={"source_digest": str(i)}) for i in range(30) for p in data.proposals[:1]
    )
    missed = tuple(o.model_copy(update={"kept": False}) for o in render.outcomes) * 9
    full = data.model_copy(
        update={
            "findings": findings,
            "proposals": proposals + data.proposals,
            "render": render.model_copy(update={"masters": render.masters * 9, "outcomes": missed}),
        }
    )
    lines = render_text(full).split("\n")
    assert len(lines) <= 40
    assert sum("more, in the report" in line for line in lines) == 4


def test_a_raw_song_has_a_summary() -> None:
    data = ReportData(title="Bare", song="bare", state=SongState.RAW, take=sample().take)
    assert render_text(data).startswith("Bare  [raw]")


def test_findings_are_listed_gravest_first() -> None:
    told = findings_text(sample().findings).split("\n")
    assert told[0].startswith("Cut-off end")
    assert told[-1].startswith("Metallic shimmer")
    assert len(told) == len(sample().findings)
    assert findings_text(()) == "Nothing to observe: no standard was missed."


def test_proposals_are_listed_with_their_answers() -> None:
    data = sample()
    told = proposals_text(data.proposals, data.answered)
    assert all(p.id in told for p in data.proposals)
    assert told.count("Waits for a decision.") == len(data.waiting) == 2
    assert "Only a person may answer" in told


def test_questions_are_asked_with_what_was_observed() -> None:
    data = sample()
    told = question_text(Question(stage=Stage.TONE, proposals=data.proposals[2:3], findings=data.findings))
    assert told.startswith("TONE\n")
    assert "6 of 26 bands lie outside the corridor" in told
    assert "→ Shall I move the tone towards the corridor" in told


def test_history_is_one_line_per_entry() -> None:
    entry = {"seq": 7, "at": "2026-11-22T17:10:04+00:00", "kind": "rendered", "says": "Rendered 0001-ab"}
    assert history_line(entry) == "    7  2026-11-22 17:10  Rendered 0001-ab"


def test_the_verdict_counts_what_was_decided_and_kept() -> None:
    data = sample()
    told = " ".join(verdict(data))
    assert "7 things missed a standard." in told
    assert "1 change was decided by a person, 3 by the policy “hygiene”." in told
    assert "Every claim came true; 4 of 5 hold in the master." in told
    assert "2 proposals wait for a decision." in told
    render = data.render
    assert render is not None
    kept = data.model_copy(update={"render": render.model_copy(update={"outcomes": render.outcomes[:2]})})
    assert "Every claim came true and holds in the master." in verdict(kept)


def test_an_empty_plan_says_that_nothing_was_changed() -> None:
    data = sample()
    render = data.render
    assert render is not None
    bare = data.model_copy(
        update={"render": render.model_copy(update={"steps": (), "outcomes": ()}), "decisions": ()}
    )
    assert verdict(bare)[0].startswith("Nothing was changed")


def test_a_stage_that_listened_again_keeps_its_proposal_beside_the_finding() -> None:
    data = sample()
    level, gain = data.findings[0], data.proposals[0]
    again = gain.model_copy(update={"answers": ("f-heard-later",)})
    later = data.model_copy(update={"proposals": (again, *data.proposals[1:])})
    assert later.answers_to(level) == (again,)
    assert later.unasked() == data.unasked() == data.proposals[-1:]
