"""The page is well formed, complete, escaped, and needs nothing from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from controlroom.model.findings import Note
from controlroom.model.render import LoudnessFacts
from controlroom.model.song import SongState
from controlroom.model.timeline import Span
from controlroom.report.html import audio_url, render_html
from controlroom.report.model import Audition, Curve, ReportData, Spectrum, Waveform, Withheld
from tests.report.sample import sample

VOID = {"meta", "input", "source", "br", "link", "img", "hr"}
EVIL = "<script>alert(1)</script>\" onload='x' & <b>"
FETCHING = {"src", "href", "srcset", "poster", "data", "action", "xlink:href", "style"}


@dataclass
class Page(HTMLParser):
    """What a parser sees of a page: whether tags balance, and every attribute."""

    open_tags: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags, f"</{tag}> closes nothing"
        assert self.open_tags.pop() == tag, f"</{tag}> closes another tag"

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


def parsed(data: ReportData) -> Page:
    page = Page()
    page.feed(render_html(data))
    page.close()
    assert page.open_tags == []
    return page


def bare(**more: object) -> ReportData:
    """Return a report of a song that was only imported."""
    return ReportData(title="Bare", song="bare", state=SongState.RAW, take=sample().take, **more)  # type: ignore[arg-type]


def test_ids_are_unique_and_links_lead_somewhere() -> None:
    page = parsed(sample())
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = [a["href"][1:] for a in page.all("a")]
    assert targets
    assert set(targets) <= set(ids)
    named = [name for _, attrs in page.tags for name in attrs.get("aria-labelledby", "").split()]
    assert named
    assert set(named) <= set(ids)


def test_nothing_is_fetched_but_the_audio_beside_it() -> None:
    page = parsed(sample())
    fetched = [(tag, attrs[name]) for tag, attrs in page.tags for name in FETCHING & attrs.keys()]
    outside = [(tag, url) for tag, url in fetched if not (tag == "a" and url.startswith("#"))]
    assert outside
    assert all(tag == "source" and url.startswith("./audio/") for tag, url in outside)
    assert not page.all("link")
    assert "url(" not in render_html(sample())
    assert "@import" not in render_html(sample())
    assert not re.search(r"https?://", render_html(sample()))


def test_one_script_no_inline_handlers_and_a_policy_that_names_its_digest() -> None:
    page = parsed(sample())
    assert len(page.all("script")) == 1
    assert page.all("script")[0] == {}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert policy.count("'sha256-") == 2


def test_everything_from_a_song_is_escaped() -> None:
    data = sample(EVIL)
    take = data.take.model_copy(
        update={"file_name": EVIL, "tags": data.take.tags.model_copy(update={"artist": EVIL})}
    )
    note = Note(text=EVIL, span=Span(clock="take", start_s=1, end_s=2), by=EVIL, at="2026-11-22T17:00:00")
    decisions = tuple(d.model_copy(update={"reason": EVIL, "name": EVIL}) for d in data.decisions)
    auditions = {k: Audition(before=(EVIL,), after=("//host/x.mp3",)) for k in data.auditions}
    hostile = data.model_copy(
        update={
            "song": EVIL,
            "take": take,
            "notes": (note,),
            "decisions": decisions,
            "auditions": auditions,
            "policy": EVIL,
        }
    )
    page = parsed(hostile)
    assert len(page.all("script")) == 1
    assert not [name for _, attrs in page.tags for name in attrs if name == "onload"]
    assert EVIL in page.text
    assert len(page.all("b")) == len(parsed(sample()).all("b"))


@pytest.mark.parametrize(
    "path", ["//host/x.mp3", "/etc/x.mp3", "https://host/x.mp3", "a b#?.mp3", "x\\y.mp3"]
)
def test_audio_urls_stay_beside_the_page(path: str) -> None:
    url = audio_url(path)
    assert url.startswith("./")
    assert not set(url) & set(':?# \\"')


def test_every_finding_note_and_proposal_appears() -> None:
    data = sample()
    ids = {attrs["id"] for _, attrs in parsed(data).tags if "id" in attrs}
    assert {f.id for f in data.findings} <= ids
    assert {n.id for n in data.notes} <= ids
    assert {p.id for p in data.proposals} <= ids
    assert data.waiting
    assert {f"waits-{p.id}" for p in data.waiting} <= ids


def test_the_numbers_are_there() -> None:
    text = parsed(sample()).text
    for shown in ("−17.8", "−10.2 LUFS", "+0.8 dBTP", "−1.0 dBTP", "−0.2 dB", "48.0 kHz", "c0ffeec0ffee"):
        assert shown.replace(" ", "\u00a0") in text or shown in text, shown
    assert "controlroom decide 'glasshouse weather' p-" in text
    assert "controlroom verify 'glasshouse weather'" in text


def test_a_lost_claim_is_said() -> None:
    assert "lost in master" in parsed(sample()).text


def test_withheld_steps_are_told() -> None:
    data = sample()
    step = data.proposals[3].step
    kept_back = (Withheld(kind="start-silence", step=step, broken=("crest", "mono-fold")),)
    text = parsed(data.model_copy(update={"withheld": kept_back})).text
    assert "would harm crest in the loudest 8 s and loss when folded to mono" in text
    assert (
        text.count("Nothing is proposed for it") == parsed(data).text.count("Nothing is proposed for it") - 1
    )


@pytest.mark.parametrize(
    "absent",
    [
        {"render": None},
        {"waveform_before": None, "waveform_after": None},
        {"waveform_after": None},
        {"loudness_before": None, "loudness_after": None, "gain_reduction": None},
        {"spectrum": None},
        {"listen": Audition(), "auditions": {}},
        {"findings": ()},
        {"findings": (), "proposals": (), "decisions": (), "notes": ()},
        {"policy": None, "ledger_head": "", "made_at": ""},
    ],
    ids=",".join,
)
def test_missing_parts_are_left_out(absent: dict[str, object]) -> None:
    page = parsed(sample().model_copy(update=absent))
    assert "None" not in page.text
    assert "nan" not in page.text.split()


def test_a_song_that_was_only_imported_has_a_report() -> None:
    text = parsed(bare()).text
    assert "raw" in text
    assert "the song is as it came" in text
    assert "Masters" not in text


def test_silence_and_gaps_do_not_break_it() -> None:
    nothing = LoudnessFacts(**dict.fromkeys(LoudnessFacts.model_fields))
    render = sample().render
    assert render is not None
    data = sample().model_copy(
        update={
            "render": render.model_copy(update={"before": nothing, "after": nothing, "plan": None}),
            "waveform_before": Waveform(duration_s=1.0, low=(0.0,), high=(0.0,)),
            "loudness_before": Curve(x=(0.0, 1.0), y=(float("-inf"), float("nan"))),
            "loudness_after": Curve(x=(), y=()),
            "gain_reduction": Curve(x=(0.0, 1.0), y=(float("nan"), 0.0)),
            "spectrum": Spectrum(freq_hz=(100.0, 200.0), before_db=(float("-inf"), float("-inf"))),
        }
    )
    html = render_html(data)
    assert not re.search(r'(?:d|x|y|viewBox)="[^"]*(?:nan|inf)', html)
    assert "unknown" not in parsed(data).text.lower()


def test_the_document_round_trips() -> None:
    data = sample()
    assert ReportData.from_document(data.document()) == data
