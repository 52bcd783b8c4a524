"""What a step will really come to is found out by one render, which can be stopped and is kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from controlroom.engine import desk
from controlroom.engine.cache import FolderCache
from controlroom.engine.desk import Handling, render_stage
from controlroom.engine.guarding import guarded
from controlroom.engine.trial import Trial
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import Cancelled
from controlroom.model.proposals import Claim, Step
from controlroom.model.song import StemTrust
from controlroom.processors.form import Offer
from controlroom.processors.level import Level
from controlroom.studio.standards import shipped_standards

NAME = "loudness.integrated_lufs"
CLAIM = Claim(measurement=NAME, before=0.0, expected=99.0, tolerance=0.5)
POOR = StemTrust(coherence_edges_hz=(20.0, 1000.0, 20000.0), coherence=(0.99, 0.2))


def sound(trust: StemTrust | None = None) -> Listening:
    noise = 0.1 * np.random.default_rng(1).standard_normal((2, 96_000)).astype(np.float32)
    bass = Listening(Audio(noise, 48_000), trust=trust)
    kick = Listening(Audio(0.5 * noise[:, ::-1].copy(), 48_000))
    groups = {"accompaniment": Listening(Audio(noise + kick.audio.samples, 48_000))}
    return Listening(Audio(2.0 * noise, 48_000), stems={"bass": bass, "kick": kick, **groups})


def trial(of: Listening | None = None, **more: object) -> Trial:
    return Trial(of or sound(), shipped_standards(), **more)


def offer(part: str, *claims: Claim, gain_db: float = -3.0) -> Offer:
    return Offer(Level(gain_db=gain_db), claims, part=part)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return how often each step was run over a whole sound or a stretch, from here on."""
    counted: Counter[str] = Counter()
    real = desk.run_step

    def counting(sound: Listening, step: Step, *more: object) -> object:
        counted[step.id] += 1
        return real(sound, step, *more)

    monkeypatch.setattr(desk, "run_step", counting)
    monkeypatch.setattr(
        desk, "stretch_with", lambda *_: pytest.fail("a stem step is not run on a stretch too")
    )
    return counted


@pytest.mark.parametrize("trust", [None, POOR], ids=["trusted", "poor"])
@pytest.mark.parametrize("part", ["bass", "mix"])
def test_a_song_tried_is_the_song_rendered(part: str, trust: StemTrust | None) -> None:
    heard = sound(trust)
    place = heard.span(0.4, 1.2)
    tried = trial(heard).after(Level(gain_db=-3.0), part, place)
    after = render_stage(heard, [Level(gain_db=-3.0).step(part, place)], Context()).sound
    for role in ("mix", *heard.stems):
        assert tried.part(role).audio.digest() == after.part(role).audio.digest(), role
    assert tried.audio.digest() != heard.audio.digest()


def test_no_stem_step_is_rendered_twice(rendered: Counter[str], tmp_path: Path) -> None:
    heard, handling = sound(), Handling(FolderCache(tmp_path))
    hand, one = offer("bass", CLAIM, CLAIM.model_copy(update={"on": "song"})), trial(heard, handling=handling)
    one.after(hand.processor, "bass")
    kept = guarded(hand, one)
    one.claims_of(kept.offer)
    one.claims_of(hand)
    render_stage(heard, [hand.processor.step("bass")], Context(), handling)
    assert rendered[hand.processor.step("bass").id] == 1
    assert set(rendered.values()) == {1}


def test_what_guards_read_of_a_stem_step_is_cut_out_of_its_render() -> None:
    heard = sound()
    pair = trial(heard).stretch(offer("bass"), heard.span(0.5, 1.0))
    whole = render_stage(heard, [Level(gain_db=-3.0).step("bass")], Context()).sound.audio
    assert np.array_equal(pair.after.samples, whole.samples[:, 24_000:48_000])
    assert np.array_equal(pair.before.samples, heard.audio.samples[:, 24_000:48_000])


def test_it_stops_when_the_person_says_so() -> None:
    with pytest.raises(Cancelled):
        trial(context=Context(cancel=lambda: True)).claims_of(offer("bass", CLAIM))


def test_claims_on_the_mix_stay_as_they_are_and_nothing_is_rendered(rendered: Counter[str]) -> None:
    assert trial().claims_of(offer("mix", CLAIM)) == (CLAIM,)
    assert trial().claims_of(offer("bass")) == ()
    assert not rendered


def test_a_claim_is_measured_on_the_part_or_on_the_song_as_it_says() -> None:
    heard, standards = sound(), shipped_standards()
    on_part, on_song = trial(heard).claims_of(offer("bass", CLAIM, CLAIM.model_copy(update={"on": "song"})))
    assert on_part.expected == pytest.approx(measure(heard.stems["bass"], NAME, standards) - 3.0, abs=0.05)
    lower_db = 20 * np.log10((1.0 + 10 ** (-3 / 20)) / 2.0)  # half of the mix is the bass
    assert on_song.expected == pytest.approx(measure(heard, NAME, standards) + lower_db, abs=0.05)
