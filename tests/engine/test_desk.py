from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.engine import desk
from controlroom.engine.desk import GRID_FRAMES, Sources, overlay, prepare, render, run_excerpt, run_step
from controlroom.model.audio import Audio, Samples
from controlroom.model.context import Context
from controlroom.model.errors import Cancelled
from controlroom.model.proposals import Stage, Step
from controlroom.model.timeline import Span
from controlroom.processors import form
from controlroom.processors.form import Block, Processor, knob
from tests.conftest import music


class Smear(Processor):
    """A moving average over ±context, so that context and edges matter."""

    name: ClassVar[str] = "smear"
    stage: ClassVar[Stage] = Stage.STEMS
    width_ms: float = knob(5.0, help="half width", unit="ms", low=0.0, high=50.0, step=0.5)

    def is_neutral(self) -> bool:
        return self.width_ms == 0.0

    def context_s(self) -> float:
        return self.width_ms / 1000

    def apply(self, block: Block, state: Any) -> Samples:
        wide = 2 * round(self.width_ms / 1000 * block.rate_hz) + 1
        kernel = np.ones(wide) / wide
        rows = [np.convolve(row.astype(np.float64), kernel, "same") for row in block.samples]
        return np.stack(rows).astype(np.float32)


class Doubled(Processor):
    """Plus 6 dB, and it tells so."""

    name: ClassVar[str] = "doubled"
    stage: ClassVar[Stage] = Stage.TONE

    def is_neutral(self) -> bool:
        return False

    def apply(self, block: Block, state: Any) -> Samples:
        return block.samples * np.float32(2)


class Clamp(Doubled):
    """Comes last, whenever it was decided."""

    name: ClassVar[str] = "clamp"
    last_in_stage: ClassVar[bool] = True


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "all_processors", lambda: {"smear": Smear, "doubled": Doubled, "clamp": Clamp})


def step(name: str, part: str = "mix", span: Span | None = None, **knobs: float) -> Step:
    stage = {"smear": Stage.STEMS, "doubled": Stage.TONE, "clamp": Stage.TONE}[name]
    return Step(processor=name, stage=stage, part=part, span=span, knobs=knobs)


def test_no_steps_return_the_very_sound(rng: np.random.Generator) -> None:
    sources = Sources(music(rng))
    assert render(sources, [], Context()).sources is sources


def test_a_neutral_step_returns_the_very_sound(rng: np.random.Generator) -> None:
    audio = music(rng)
    assert run_step(audio, step("smear", width_ms=0.0), Context()).audio is audio


@settings(max_examples=30, deadline=None)
@given(
    frames=st.integers(1, 3 * GRID_FRAMES),
    edges=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
    width_ms=st.sampled_from([0.5, 5.0, 50.0]),
)
def test_an_excerpt_is_the_excerpt_of_the_whole(frames: int, edges: list[float], width_ms: float) -> None:
    rate = 8000
    rng = np.random.default_rng(frames)
    audio = Audio(rng.standard_normal((2, frames)).astype(np.float32), rate)
    smear = Smear(width_ms=width_ms)
    span = Span(clock="c", start_s=edges[0] * frames / rate, end_s=edges[1] * frames / rate)
    first, last = round(span.start_s * rate), round(span.end_s * rate)
    if last <= first:
        return
    whole = run_step(audio, smear.step(), Context()).audio
    cut = run_excerpt(smear, prepare(smear, audio, {}), audio, span)
    np.testing.assert_array_equal(cut.samples, whole.samples[:, first:last])


def test_a_span_leaves_all_outside_it_untouched_and_has_no_click(rng: np.random.Generator) -> None:
    rate = 8000
    audio = Audio(np.ones((1, 8 * rate), np.float32), rate)
    out = run_step(audio, step("doubled", span=Span(clock="c", start_s=2, end_s=5)), Context()).audio
    np.testing.assert_array_equal(out.samples[:, : 2 * rate], 1)
    np.testing.assert_array_equal(out.samples[:, 5 * rate :], 1)
    assert out.samples[0, 3 * rate] == 2
    assert np.abs(np.diff(out.samples[0])).max() < 0.03


def test_untouched_samples_keep_their_bits_even_minus_zero() -> None:
    mix = Audio(np.array([[-0.0, 0.5, -0.0, 0.25]], np.float32), 8000)
    before = Audio(np.array([[0.1, 0.2, 0.3, 0.4]], np.float32), 8000)
    after = Audio(np.array([[0.1, 0.4, 0.3, 0.4]], np.float32), 8000)
    out = overlay(mix, [(before, after)])
    assert np.signbit(out.samples[0, 0])
    assert np.signbit(out.samples[0, 2])
    np.testing.assert_array_equal(out.samples[0, [0, 2, 3]], mix.samples[0, [0, 2, 3]])
    assert out.samples[0, 1] == pytest.approx(0.7)
    assert overlay(mix, []) is mix


def test_stem_steps_enter_the_mix_as_what_they_changed(rng: np.random.Generator) -> None:
    mix, drums = music(rng), music(np.random.default_rng(7))
    result = render(Sources(mix, {"drums": drums}), [step("smear", "drums", width_ms=5.0)], Context())
    changed = result.sources.stems["drums"].samples.astype(np.float64) - drums.samples
    np.testing.assert_array_equal(result.sources.mix.samples, (mix.samples + changed).astype(np.float32))


def test_stages_sound_in_their_order_and_stems_before_mix() -> None:
    steps = [step("doubled"), step("smear"), step("smear", "drums")]
    assert [(s.processor, s.part) for s in desk.in_order(steps)] == [
        ("smear", "drums"),
        ("smear", "mix"),
        ("doubled", "mix"),
    ]


def test_what_comes_last_sounds_after_a_later_decision() -> None:
    steps = [step("clamp"), step("doubled")]
    assert [s.processor for s in desk.in_order(steps)] == ["doubled", "clamp"]


def test_cancel_is_asked_between_blocks(rng: np.random.Generator) -> None:
    audio = Audio(np.zeros((1, 5 * GRID_FRAMES), np.float32), 8000)
    asked = iter([False, False, True, True])
    with pytest.raises(Cancelled):
        run_step(audio, step("doubled"), Context(cancel=lambda: next(asked)))
