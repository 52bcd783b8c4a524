from __future__ import annotations

import gc
import os
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.engine import desk
from controlroom.engine.cache import FolderCache
from controlroom.engine.desk import (
    GRID_FRAMES,
    Handling,
    Told,
    excerpt_with,
    prepare,
    run_excerpt,
    run_step,
    stretch_with,
)
from controlroom.engine.overlay import laid_over, refused_bands
from controlroom.listening.known import Known
from controlroom.listening.listening import LazyListening, Listening
from controlroom.model.audio import Audio, Samples
from controlroom.model.context import Context
from controlroom.model.errors import Cancelled, UsageError
from controlroom.model.proposals import FrequencyBand, Stage, Step
from controlroom.model.song import StemTrust
from controlroom.model.timeline import Span
from controlroom.processors import form
from controlroom.processors.form import Block, Processor, knob
from tests import tolerances as tol
from tests.conftest import music
from tests.engine.rendering import MemoryCache, render


class Smear(Processor):
    """A moving average over ±context, so that context and edges matter."""

    name: ClassVar[str] = "smear"
    stage: ClassVar[Stage] = Stage.STEMS
    order: ClassVar[int] = 10
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
    order: ClassVar[int] = 10

    def is_neutral(self) -> bool:
        return False

    def apply(self, block: Block, state: Any) -> Samples:
        return block.samples * np.float32(2)


class Clamp(Doubled):
    """Cuts off what is loud; comes after, whenever it was decided."""

    name: ClassVar[str] = "clamp"
    order: ClassVar[int] = 20

    def apply(self, block: Block, state: Any) -> Samples:
        return np.clip(block.samples, -0.1, 0.1)


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "all_processors", lambda: {"smear": Smear, "doubled": Doubled, "clamp": Clamp})


def step(name: str, part: str = "mix", span: Span | None = None, **knobs: float) -> Step:
    stage = {"smear": Stage.STEMS, "doubled": Stage.TONE, "clamp": Stage.TONE}[name]
    return Step(processor=name, stage=stage, part=part, span=span, knobs=knobs)


def test_no_steps_return_the_very_sound(rng: np.random.Generator) -> None:
    sound = Listening(music(rng))
    assert render(sound, [], Context()).sound is sound


def test_a_neutral_step_returns_the_very_sound(rng: np.random.Generator) -> None:
    audio = music(rng)
    assert run_step(Listening(audio), step("smear", width_ms=0.0), Context()).audio is audio
    sound = band_of(7)
    neutral = [step("smear", width_ms=0.0), step("smear", "kick", width_ms=0.0)]
    assert render(sound, neutral, Context()).sound is sound
    stem = render(sound, [step("smear", "drums", width_ms=1.0)], Context()).sound
    assert stem is not sound
    assert stem.stems["drums"] is not sound.stems["drums"]


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
    span = Span(clock="take", start_s=edges[0] * frames / rate, end_s=edges[1] * frames / rate)
    first, last = round(span.start_s * rate), round(span.end_s * rate)
    if last <= first:
        return
    whole = run_step(Listening(audio), smear.step(), Context()).audio
    cut = run_excerpt(smear, prepare(smear, Listening(audio)), audio, span)
    np.testing.assert_array_equal(cut.samples, whole.samples[:, first:last])


def test_a_span_leaves_all_outside_it_untouched_and_has_no_click(rng: np.random.Generator) -> None:
    rate = 8000
    audio = Audio(np.ones((1, 8 * rate), np.float32), rate)
    out = run_step(
        Listening(audio), step("doubled", span=Span(clock="take", start_s=2, end_s=5)), Context()
    ).audio
    np.testing.assert_array_equal(out.samples[:, : 2 * rate], 1)
    np.testing.assert_array_equal(out.samples[:, 5 * rate :], 1)
    assert out.samples[0, 3 * rate] == 2
    assert np.abs(np.diff(out.samples[0])).max() < 0.03


def test_untouched_samples_keep_their_bits_even_minus_zero() -> None:
    mix = Audio(np.array([[-0.0, 0.5, -0.0, 0.25]], np.float32), 8000)
    before = Audio(np.array([[0.1, 0.2, 0.3, 0.4]], np.float32), 8000)
    after = Audio(np.array([[0.1, 0.4, 0.3, 0.4]], np.float32), 8000)
    out = laid_over(mix, before, after)
    assert np.signbit(out.samples[0, 0])
    assert np.signbit(out.samples[0, 2])
    np.testing.assert_array_equal(out.samples[0, [0, 2, 3]], mix.samples[0, [0, 2, 3]])
    assert out.samples[0, 1] == pytest.approx(0.7)


def band_of(seed: int) -> Listening:
    """Return a sound with a voice, kick and snare, and the drums that the last two make."""
    parts = {
        role: music(np.random.default_rng(seed + n)) for n, role in enumerate(("vocals", "kick", "snare"))
    }
    parts["drums"] = Audio(parts["kick"].samples + parts["snare"].samples, parts["kick"].rate_hz)
    mix = Audio(parts["drums"].samples + parts["vocals"].samples, parts["kick"].rate_hz)
    return Listening(mix, stems={role: Listening(audio) for role, audio in parts.items()})


def test_stem_steps_enter_the_mix_as_what_they_changed() -> None:
    sound = band_of(7)
    result = render(sound, [step("smear", "vocals", width_ms=5.0)], Context()).sound
    changed = result.stems["vocals"].audio.samples.astype(np.float64) - sound.stems["vocals"].audio.samples
    np.testing.assert_array_equal(result.audio.samples, (sound.audio.samples + changed).astype(np.float32))
    assert all(result.stems[role] is sound.stems[role] for role in ("kick", "snare", "drums"))


def test_a_change_of_a_member_is_a_change_of_its_group() -> None:
    sound = band_of(7)
    result = render(sound, [step("smear", "kick", width_ms=5.0)], Context()).sound
    moved = result.stems["drums"].audio.samples - sound.stems["drums"].audio.samples
    own = result.stems["kick"].audio.samples - sound.stems["kick"].audio.samples
    np.testing.assert_allclose(moved, own, atol=tol.FLOAT32)
    assert result.stems["snare"] is sound.stems["snare"]


def test_a_step_on_a_group_hears_its_members_changed_and_enters_the_mix_once() -> None:
    sound = band_of(7)
    steps = [step("smear", "drums", width_ms=5.0), step("smear", "kick", width_ms=5.0)]
    result = render(sound, steps, Context()).sound
    moved = result.audio.samples - sound.audio.samples
    drums = result.stems["drums"].audio.samples - sound.stems["drums"].audio.samples
    np.testing.assert_allclose(moved, drums, atol=2 * tol.FLOAT32)


class TestExcerptsOfTheMix:
    SPAN = Span(clock="take", start_s=1.0, end_s=2.5)

    @pytest.mark.parametrize("trust", [None, "poor"])
    @pytest.mark.parametrize("within", [None, Span(clock="take", start_s=1.5, end_s=9.0)])
    def test_are_what_the_whole_render_has_there(self, trust: str | None, within: Span | None) -> None:
        sound = band_of(3)
        sound.stems["vocals"].trust = POOR if trust else None
        chosen = step("smear", "vocals", span=within, width_ms=5.0)
        pair = excerpt_with(sound, chosen, self.SPAN)
        whole = render(sound, [chosen], Context()).sound.audio
        first, last = round(1.0 * whole.rate_hz), round(2.5 * whole.rate_hz)
        np.testing.assert_allclose(
            pair.after.samples, whole.samples[:, first:last], atol=tol.FFT32 if trust else 0.0
        )
        np.testing.assert_array_equal(pair.before.samples, sound.audio.samples[:, first:last])


POOR = StemTrust(
    coherence=(0.95, 0.5, 0.2, 0.0), coherence_edges_hz=(20.0, 1000.0, 2000.0, 4000.0, 8000.0),
    silent=(False, False, False, True),
)  # fmt: skip


def test_bands_without_coherence_are_refused_unless_the_stem_is_silent_there() -> None:
    assert refused_bands(POOR, 0.9) == (FrequencyBand(low_hz=1000.0, high_hz=4000.0),)
    assert refused_bands(POOR, 0.2) == ()
    assert refused_bands(None, 0.9) == ()
    assert refused_bands(StemTrust(), 0.9) == ()


def test_nothing_enters_the_mix_in_a_refused_band_and_all_enters_elsewhere() -> None:
    noise = np.random.default_rng(5).standard_normal((2, 80_000)).astype(np.float32)
    powers = {}
    for trust in (None, POOR):
        stems = {"vocals": Listening(Audio(0.1 * noise, 16000), trust=trust)}
        sound = Listening(Audio(noise, 16000), stems=stems)
        result = render(sound, [step("doubled", "vocals")], Context()).sound
        change = (result.audio.samples - sound.audio.samples) * np.hanning(noise.shape[1])
        powers[trust] = np.abs(np.fft.rfft(change)) ** 2
    ratio_db = 10 * np.log10(powers[POOR] / powers[None]).mean(axis=0)
    hz = np.fft.rfftfreq(80_000, 1 / 16000)
    assert ratio_db[(hz > 1050) & (hz < 3950)].mean() < -55.0
    assert np.abs(ratio_db[(hz < 950) | (hz > 4050)]).mean() < tol.FILTER_RIPPLE_DB


class TestCache:
    STEPS = (
        Step(processor="smear", stage=Stage.STEMS, part="kick", knobs={"width_ms": 5.0}),
        Step(processor="smear", stage=Stage.STEMS, part="drums", knobs={"width_ms": 1.0}),
    )

    def test_a_second_render_runs_nothing_and_gives_the_same_bits(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = render(band_of(7), self.STEPS, Context(), Handling(FolderCache(tmp_path))).sound
        plain = render(band_of(7), self.STEPS, Context()).sound
        monkeypatch.setattr(Smear, "apply", lambda *_: pytest.fail("it was rendered before"))
        again = render(band_of(7), self.STEPS, Context(), Handling(FolderCache(tmp_path))).sound
        np.testing.assert_array_equal(first.audio.samples, again.audio.samples)
        np.testing.assert_array_equal(first.audio.samples, plain.audio.samples)

    def test_a_change_of_one_stem_runs_only_what_depends_on_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        handling = Handling(MemoryCache())
        steps = [step("smear", role, width_ms=5.0) for role in ("kick", "snare", "vocals")]
        render(band_of(7), steps, Context(), handling)
        ran = []
        monkeypatch.setattr(desk, "run_step", lambda *given: ran.append(given[1].part) or run_step(*given))
        changed = [*steps[:2], step("smear", "vocals", width_ms=1.0)]
        render(band_of(7), changed, Context(), handling)
        assert ran == ["vocals"]

    def test_a_damaged_file_is_not_used(self, tmp_path: Path) -> None:
        good = render(band_of(7), self.STEPS, Context(), Handling(FolderCache(tmp_path))).sound
        for path in tmp_path.glob("*.npy"):
            bytes_ = bytearray(path.read_bytes())
            bytes_[-3] ^= 1
            path.write_bytes(bytes_)
        again = render(band_of(7), self.STEPS, Context(), Handling(FolderCache(tmp_path))).sound
        np.testing.assert_array_equal(good.audio.samples, again.audio.samples)

    @pytest.mark.parametrize(
        "samples", [np.ones((1, 10)), np.ones(10, np.float32)], ids=["doubles", "one row"]
    )
    def test_a_file_of_another_shape_is_not_used_whatever_its_sum(
        self, tmp_path: Path, samples: npt.NDArray[Any]
    ) -> None:
        np.save(tmp_path / f"a.8000.{zlib.crc32(samples.data):08x}.here.npy", samples)
        assert FolderCache(tmp_path, made_by="here").find("a") is None

    def test_what_another_environment_made_is_not_used(self, tmp_path: Path) -> None:
        sound = Audio(np.ones((1, 10), np.float32), 8000)
        FolderCache(tmp_path, made_by="numpy1").put("a", sound)
        assert FolderCache(tmp_path, made_by="numpy2").find("a") is None
        assert FolderCache(tmp_path).find("a") is None
        assert FolderCache(tmp_path, made_by="numpy1").find("a") is not None

    def test_it_stays_bounded_and_spares_what_is_in_use(self, tmp_path: Path) -> None:
        sound = Audio(np.zeros((1, 1000), np.float32), 8000)
        old = FolderCache(tmp_path, limit_bytes=10_000)
        for n in range(3):
            old.put(f"old{n}", sound)
        new = FolderCache(tmp_path, limit_bytes=10_000)
        for n in range(4):
            new.put(f"new{n}", sound)
        kept = {path.name.split(".")[0] for path in tmp_path.glob("*.npy")}
        assert kept == {"new0", "new1", "new2", "new3"}

    def test_a_folder_that_cannot_be_written_keeps_nothing_and_breaks_nothing(self, tmp_path: Path) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("")
        sound = Audio(np.ones((1, 10), np.float32), 8000)
        cache = FolderCache(blocked / "desk")
        assert cache.put("a", sound)() is sound
        assert FolderCache(blocked / "desk").find("a") is None


def test_a_lazy_stem_is_let_go_when_nobody_holds_it() -> None:
    loaded = []

    def load() -> Audio:
        loaded.append(1)
        return Audio(np.zeros((1, 10), np.float32), 8000)

    view = LazyListening(load, "k")
    held = view.audio
    assert view.audio is held
    assert len(loaded) == 1
    del held
    gc.collect()
    assert view.audio.frames == 10
    assert len(loaded) == 2


def test_stages_sound_in_their_order_and_stems_before_mix() -> None:
    steps = [step("doubled"), step("smear"), step("smear", "drums")]
    assert [(s.processor, s.part) for s in desk.in_order(steps)] == [
        ("smear", "drums"),
        ("smear", "mix"),
        ("doubled", "mix"),
    ]


def test_what_is_declared_later_sounds_after_a_later_decision() -> None:
    steps = [step("clamp"), step("doubled")]
    assert [s.processor for s in desk.in_order(steps)] == ["doubled", "clamp"]


def test_the_order_of_acceptance_is_not_the_order_of_sound() -> None:
    sound = band_of(7)
    sides = [Span(clock=sound.clock, start_s=start_s, end_s=start_s + 0.5) for start_s in (0.1, 0.3)]
    steps = [
        *(step("smear", "drums", span, width_ms=3.0) for span in sides),
        step("smear", "drums", width_ms=2.0),
        step("smear", "drums", width_ms=1.0),
        step("doubled"),
        step("clamp"),
    ]
    one, other = (render(sound, some, Context()).sound for some in (steps, steps[::-1]))
    assert one.audio.digest() == other.audio.digest()
    assert one.stems["drums"].audio.digest() == other.stems["drums"].audio.digest()
    doubled_first = run_step(run_alone(sound, "doubled"), step("clamp"), Context()).audio
    clamped_first = run_step(run_alone(sound, "clamp"), step("doubled"), Context()).audio
    assert doubled_first.digest() != clamped_first.digest()  # and it could be heard


def run_alone(sound: Listening, name: str) -> Listening:
    return Listening(run_step(sound, step(name), Context()).audio)


def test_cancel_is_asked_between_blocks(rng: np.random.Generator) -> None:
    audio = Audio(np.zeros((1, 5 * GRID_FRAMES), np.float32), 8000)
    asked = iter([False, False, True, True])
    with pytest.raises(Cancelled):
        run_step(Listening(audio), step("doubled"), Context(cancel=lambda: next(asked)))


def test_what_is_told_later_counts() -> None:
    early = Told({"a": 1.0, "b": 2.0}, {"x": np.zeros((2, 1))})
    late = Told({"b": 3.0}, {"y": np.ones((2, 1))})
    both = early.joined(late)
    assert both.readings == {"a": 1.0, "b": 3.0}
    assert set(both.curves) == {"x", "y"}


def test_a_span_rises_and_falls_over_ten_milliseconds_inside_it() -> None:
    rate = 8000
    audio = Audio(np.ones((1, 4 * rate), np.float32), rate)
    out = run_step(
        Listening(audio), step("doubled", span=Span(clock="take", start_s=1, end_s=3)), Context()
    ).audio
    edge = 0.5 - 0.5 * np.cos(np.pi * (np.arange(80) + 0.5) / 80)
    np.testing.assert_allclose(out.samples[0, rate : rate + 80], 1 + edge, atol=tol.FLOAT32)
    np.testing.assert_allclose(out.samples[0, 3 * rate - 80 : 3 * rate], 2 - edge, atol=tol.FLOAT32)
    np.testing.assert_array_equal(out.samples[0, rate + 80 : 3 * rate - 80], 2)


@pytest.mark.parametrize("start_s, end_s", [(0.0, 1.0), (3.0, 4.0), (0.0, 4.0), (0.0, 9.0)])
def test_an_edge_of_the_sound_is_no_edge_of_a_span(start_s: float, end_s: float) -> None:
    rate = 8000
    audio = Audio(np.ones((1, 4 * rate), np.float32), rate)
    out = run_step(
        Listening(audio), step("doubled", span=Span(clock="take", start_s=start_s, end_s=end_s)), Context()
    ).audio
    assert out.samples[0, 0] == (2 if start_s == 0 else 1)
    assert out.samples[0, -1] == (2 if end_s >= 4 else 1)


def test_a_span_of_a_few_frames_is_faded_over_half_of_them() -> None:
    rate = 8000
    audio = Audio(np.ones((1, rate), np.float32), rate)
    span = Span(clock="take", start_s=0.5, end_s=0.5 + 100 / rate)
    out = run_step(Listening(audio), step("doubled", span=span), Context()).audio.samples[0]
    np.testing.assert_allclose(out[4000:4050], out[4050:4100][::-1], atol=tol.FLOAT32)
    assert np.all(np.diff(out[4000:4050]) > 0)
    empty = Span(clock="take", start_s=0.5, end_s=0.5)
    np.testing.assert_array_equal(
        run_step(Listening(audio), step("doubled", span=empty), Context()).audio.samples, 1
    )


def test_a_stretch_that_was_cut_out_already_is_not_cut_again() -> None:
    sound = band_of(3)
    span = Span(clock="take", start_s=1.0, end_s=2.5)
    before = excerpt_with(sound, step("smear", width_ms=0.0), span).before
    assert stretch_with(sound, step("smear", width_ms=0.0), span, before=before) is before
    again = stretch_with(sound, step("smear", width_ms=0.0), span)
    assert again is not before
    np.testing.assert_array_equal(again.samples, before.samples)
    chosen = step("smear", "kick", width_ms=5.0)
    np.testing.assert_array_equal(
        stretch_with(sound, chosen, span, before=before).samples, stretch_with(sound, chosen, span).samples
    )
    nothing = Span(clock="take", start_s=1.0, end_s=1.0)
    assert stretch_with(sound, step("smear", width_ms=5.0), nothing).frames == 0


class Keyed(Smear):
    """Hears the kick only."""

    name: ClassVar[str] = "keyed"
    keyed_by: ClassVar[tuple[str, ...] | None] = ("kick", "bass")
    sample_knobs: ClassVar[tuple[str, ...]] = ("sample",)
    sample: str = knob("", help="a sample")


def small(seed: int) -> Listening:
    """Return a scrap with a voice, a kick and a snare, for what is named and not heard."""
    rng = np.random.default_rng(seed)
    one, *parts = (Audio(rng.standard_normal((1, 64)).astype(np.float32), 8000) for _ in range(4))
    roles = ("vocals", "kick", "snare")
    return Listening(one, stems={role: Listening(part) for role, part in zip(roles, parts, strict=True)})


class TestWhatIsKeptIsNamedByAllThatGoesIntoIt:
    STEP = Step(processor="keyed", stage=Stage.STEMS, part="vocals", knobs={"width_ms": 5.0, "sample": "o-1"})
    SHOTS: ClassVar = {"o-1": Listening(Audio(np.ones((1, 8), np.float32), 8000)), "o-2": small(1)}

    @pytest.fixture(autouse=True)
    def _keyed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(form, "all_processors", lambda: {"keyed": Keyed})

    def key(self, sound: Listening, given: Step = STEP, **handled: Any) -> str:
        handling = Handling(**{"one_shots": self.SHOTS, **handled})
        return desk._key(sound.part(given.part), given, form.from_step(given), sound.stems, handling)

    def other(self, role: str) -> Listening:
        sound = small(7)
        sound.stems = {**sound.stems, role: small(99)}
        return sound

    def test_the_same_is_named_alike(self) -> None:
        assert self.key(small(7)) == self.key(small(7))
        assert self.key(self.other("snare")) == self.key(small(7))  # it is not heard
        fewer = {name: self.SHOTS[name] for name in ("o-1",)}
        assert self.key(small(7), one_shots=fewer) == self.key(small(7))

    def test_each_thing_that_is_heard_counts(self) -> None:
        trusted = small(7)
        trusted.stems["vocals"].trust = POOR
        knobs = {**self.STEP.knobs, "width_ms": 1.0}
        keys = {
            self.key(small(7)),
            self.key(self.other("vocals")),
            self.key(self.other("kick")),
            self.key(trusted),
            self.key(small(7), min_coherence=0.5),
            self.key(small(7), one_shots={"o-1": self.SHOTS["o-2"]}),
            self.key(small(7), self.STEP.model_copy(update={"knobs": knobs})),
        }
        assert len(keys) == 7

    def test_a_sample_that_is_not_here_is_named_with_those_that_are(self) -> None:
        with pytest.raises(UsageError, match="keyed names a sample that is not here: 'o-1'") as caught:
            self.key(small(7), one_shots={"o-2": self.SHOTS["o-2"]})
        assert caught.value.code == "sample.missing"
        assert "one of: o-2;" in caught.value.hint
        with pytest.raises(UsageError) as caught:
            self.key(small(7), one_shots={})
        assert "one of: none, yet;" in caught.value.hint


def test_what_comes_out_keeps_clock_and_trust() -> None:
    sound = band_of(7)
    kept = Listening(sound.audio, Known(clock="c-1"), sound.stems)
    kept.stems["vocals"].trust = POOR
    for handling in (Handling(), Handling(MemoryCache())):
        out = render(
            kept, [step("smear", "vocals", width_ms=5.0), step("doubled")], Context(), handling
        ).sound
        assert out.known.clock == "c-1"
        assert out.stems["vocals"].trust is POOR
        assert set(out.stems) == set(kept.stems)


def test_every_block_is_given_its_context_at_the_ends_of_the_sound_as_inside(
    rng: np.random.Generator,
) -> None:
    audio = Audio(rng.standard_normal((1, 2 * GRID_FRAMES + 500)).astype(np.float32), 8000)
    out = run_step(Listening(audio), step("smear", width_ms=5.0), Context()).audio.samples[0]
    kernel = np.ones(81) / 81
    np.testing.assert_allclose(out, np.convolve(audio.samples[0], kernel, "same"), atol=tol.FLOAT32)


class Listener(Doubled):
    """Tells what it was given."""

    name: ClassVar[str] = "listener"
    keyed_by: ClassVar[tuple[str, ...] | None] = ("kick",)
    sample_knobs: ClassVar[tuple[str, ...]] = ("sample",)
    sample: str = knob("o-1", help="a sample")

    def prepare(self, listening: Listening) -> Any:
        beside, shots = set(listening.stems), set(listening.one_shots)
        curve = np.array([[0.0], [1.0]])
        return SimpleNamespace(readings={"beside": beside, "shots": shots}, curves={"c": curve})


def test_a_processor_is_given_the_stems_and_samples_that_it_names_and_what_it_tells_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(form, "all_processors", lambda: {"listener": Listener})
    sound, shots = small(1), {"o-1": small(2), "o-2": small(3)}
    chosen = Step(processor="listener", stage=Stage.TONE, knobs={"sample": "o-1"})
    told = run_step(sound, chosen, Context(), shots).told
    assert told.readings == {"beside": {"kick"}, "shots": {"o-1"}}
    assert list(told.curves) == ["c"]
    assert render(sound, [chosen], Context(), Handling(one_shots=shots)).told.readings == told.readings


def test_what_was_found_lately_outlives_what_was_not(tmp_path: Path) -> None:
    sound = Audio(np.zeros((1, 1000), np.float32), 8000)
    old = FolderCache(tmp_path, limit_bytes=9_000)
    for at, name in enumerate(("first", "second")):
        old.put(name, sound)
        (path,) = tmp_path.glob(f"{name}.*")
        os.utime(path, (at, at))
    assert FolderCache(tmp_path, limit_bytes=9_000).find("first") is not None
    FolderCache(tmp_path, limit_bytes=9_000).put("third", sound)
    assert {path.name.split(".")[0] for path in tmp_path.glob("*.npy")} == {"first", "third"}
