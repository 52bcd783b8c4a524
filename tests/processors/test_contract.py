"""What every processor promises, over the folder, with knobs drawn from their ranges."""

from functools import cache
from typing import Literal, get_args, get_origin

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlroom.detectors.form import all_detectors
from controlroom.engine.desk import prepare, render_stage, run_excerpt, run_step
from controlroom.listening.listening import Listening
from controlroom.listening.measures import MEASURES, READINGS
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import UsageError
from controlroom.model.proposals import Stage, Step
from controlroom.model.timeline import Span
from controlroom.processors.form import all_processors, from_step, knob_info, rebuilding, removing
from tests import tolerances as tol
from tests.detectors.sounds import clean

PROCESSORS = list(all_processors().values())
ALWAYS_AT_WORK = {"limiter"}
"""Processors without neutral knobs: a limiter leaves alone what is below its ceiling, whatever its knobs."""

AT_WORK = {
    "bass_consistency": {"amount": 0.8, "range_db": 4.0, "boost_db": 2.0},
    "bleed_gate": {"range_db": 30.0, "open_db": -4.0, "hysteresis_db": 1.0, "release_ms": 30.0},
    "carve": {"depth_db": 4.0},
    "de_ess": {"depth_db": 6.0, "threshold_db": -20.0},
    "dc": {"amount": 1.0},
    "drum_rebuild": {"amount": 1.0},
    "fade": {"in_ms": 300.0, "out_ms": 700.0},
    "gain": {"gain_db": -3.0},
    "hats": {"depth_db": 4.0, "tail_db": 6.0, "low_hz": 3000.0},
    "layer": {"amount": 1.0, "front_db": 6.0},
    "level": {"gain_db": -3.0},
    "limiter": {"ceiling_dbtp": -12.0, "soft_clip": True},
    "low_end_mono": {"amount": 1.0},
    "rebuild": {"amount": 0.8, "low_hz": 200.0, "high_hz": 2000.0},
    "remove": {"amount": 0.6},
    "saturation": {"drive_db": 9.0, "wet": 0.8},
    "sidechain": {"depth_db": 6.0},
    "stem_eq": {"band1_gain_db": 3.0, "band2_gain_db": -2.0, "band3_gain_db": 2.0},
    "stem_width": {"side_db": -6.0},
    "presence": {"gain_db": 3.0},
    "ride": {"amount": 0.8, "range_db": 4.0, "boost_db": 2.0},
    "rumble": {"attenuation_db": 40.0},
    "transient": {"attack_db": 4.0, "sustain_db": -3.0, "drum": "kick"},
    "tone": {"band1_gain_db": 3.0, "band2_gain_db": -2.0, "band3_gain_db": 2.0},
}
"""Knobs at which every other knob can be heard to do something."""

FROM_STEMS = {"rebuild"}
"""Processors that sound by the stems beside them: silence is what silent stems make."""

every = pytest.mark.parametrize("processor", PROCESSORS, ids=lambda p: p.name)
drawn = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def sound(channels: int = 2) -> Audio:
    """Nine seconds at a low rate: three blocks of the desk's grid and a bit, with an offset, rumble and drums."""
    made = clean(9.0, 16000, channels)
    at_s = np.arange(made.frames) / made.rate_hz
    rumble = 0.02 * np.sin(2 * np.pi * 13.0 * at_s) + 0.01 + 0.005 * np.arange(channels)[:, None]
    return Audio((made.samples + rumble + strokes(at_s)).astype(np.float32), made.rate_hz)


def strokes(at_s):
    """A drum with a falling pitch and a burst of noise, every 0.4 s, each second one softer and slower to rise."""
    rng = np.random.default_rng(8)
    out = np.zeros(at_s.size)
    for number, start_s in enumerate(np.arange(0.3, at_s[-1] - 0.5, 0.4)):
        t = np.maximum(at_s - start_s, 0.0)
        rise = np.minimum(1.0, t / (0.0005, 0.02)[number % 2])
        pitch = np.sin(2 * np.pi * (55.0 * t + 3.0 * (1.0 - np.exp(-t / 0.02)))) * np.exp(-t / 0.1)
        burst = rng.standard_normal(at_s.size) * np.exp(-t / 0.04) * (t > 0)
        out += (1.2, 0.8)[number % 2] * rise * (pitch + 0.5 * burst)
    return out


def knobs_of(processor):
    def values(name):
        info, kind = knob_info(processor, name), processor.model_fields[name].annotation
        if get_origin(kind) is Literal:
            return st.sampled_from(get_args(kind))
        if kind is bool:
            return st.booleans()
        if kind is str:
            return st.sampled_from(["", *one_shots()])
        if kind is int:
            return st.integers(int(info["low"]), int(info["high"]))
        return st.floats(info["low"], info["high"])

    return st.fixed_dictionaries({name: values(name) for name in processor.model_fields})


def beside(audio):
    """Return the stems that a keyed processor hears: a voice that sings every other second, and a kick."""
    return _beside(audio.rate_hz, audio.frames)


@cache
def _beside(rate_hz, frames):
    at_s = np.arange(frames) / rate_hz
    rng = np.random.default_rng(9)
    sung = 0.3 * rng.standard_normal(frames) * (at_s % 2.0 < 1.0)
    kick = strokes(at_s) if frames > rate_hz else sung
    return {
        role: Listening(Audio(wave[None].astype(np.float32), rate_hz))
        for role, wave in (("vocals", sung), ("kick", kick))
    }


@cache
def one_shots():
    """Return what a person brought: a thud with a click, at a rate of its own."""
    t = np.arange(4410) / 22050
    thud = np.sin(2 * np.pi * 70.0 * t) * np.exp(-t / 0.05)
    click = np.random.default_rng(10).standard_normal(t.size) * np.exp(-t / 0.004)
    return {"o-thud": Listening(Audio((0.5 * (thud + click))[None].astype(np.float32), 22050))}


def run(chosen, audio):
    return run_step(Listening(audio, stems=beside(audio)), chosen.step(), Context(), one_shots()).audio


@cache
def at_work(processor):
    return run(processor(**AT_WORK[processor.name]), sound())


def test_the_folder_is_not_empty():
    assert {p.name for p in PROCESSORS} == set(AT_WORK)


def test_each_kind_that_is_answered_is_emitted_by_a_detector():
    emitted = {kind for detector in all_detectors().values() for kind in detector.kinds}
    assert {kind for p in PROCESSORS for kind in p.answers} <= emitted


@every
def test_each_claim_names_a_real_measurement(processor):
    assert processor.claims
    assert all(name in MEASURES or name in READINGS for name in processor.claims)


@every
def test_each_knob_is_explained_and_ranged(processor):
    for name in processor.model_fields:
        info = knob_info(processor, name)
        assert info["help"]
        if isinstance(info["default"], float):
            assert info["low"] < info["high"]
            assert info["step"] > 0


@every
@drawn
@given(data=st.data())
def test_any_knobs_give_a_sound_of_the_same_shape(processor, data):
    chosen = processor(**data.draw(knobs_of(processor)))
    kept = sound().samples.copy()
    out = run(chosen, sound())
    assert out.samples.dtype == np.float32
    assert out.samples.shape == kept.shape
    assert np.all(np.isfinite(out.samples))
    assert np.array_equal(sound().samples, kept)
    assert np.array_equal(run(chosen, sound()).samples, out.samples)


@every
@drawn
@given(data=st.data())
def test_knobs_survive_json_and_quantising(processor, data):
    chosen = processor(**data.draw(knobs_of(processor)))
    stored = Step.model_validate_json(chosen.step().model_dump_json())
    assert from_step(stored) == chosen
    assert processor(**chosen.model_dump()) == chosen


@every
@drawn
@given(data=st.data())
def test_an_excerpt_is_the_excerpt_of_the_whole(processor, data):
    chosen = processor(**data.draw(knobs_of(processor)))
    if chosen.is_neutral():
        return
    start_s = data.draw(st.floats(0.0, 8.0))
    span = Span(clock="take", start_s=start_s, end_s=start_s + data.draw(st.floats(0.01, 4.0)))
    state = prepare(chosen, Listening(sound(), stems=beside(sound())), one_shots())
    part = run_excerpt(chosen, state, sound(), span).samples
    first = round(span.start_s * sound().rate_hz)
    whole = run(chosen, sound()).samples[:, first : first + part.shape[1]]
    assert np.max(np.abs(part - whole), initial=0.0) <= tol.EXCERPT


@every
def test_neutral_knobs_return_the_input_itself(processor):
    neutral = processor()
    assert neutral.is_neutral() == (processor.name not in ALWAYS_AT_WORK)
    if neutral.is_neutral():
        assert run(neutral, sound()) is sound()


@every
def test_at_work_it_changes_the_sound_and_weakened_less(processor):
    chosen = processor(**AT_WORK[processor.name])
    change = np.sum((at_work(processor).samples - sound().samples).astype(float) ** 2)
    assert change > 0
    assert chosen.weakened(1.0) == chosen
    if processor.name in ALWAYS_AT_WORK:
        return
    half = np.sum((run(chosen.weakened(0.5), sound()).samples - sound().samples).astype(float) ** 2)
    assert half < change
    assert chosen.weakened(0.0).is_neutral()


@every
def test_silence_stays_silent(processor):
    silence = Audio(np.zeros((2, 70000), dtype=np.float32), 16000)
    stems = {"vocals": Listening(silence)} if processor.name in FROM_STEMS else beside(silence)
    step = processor(**AT_WORK[processor.name]).step()
    assert not run_step(Listening(silence, stems=stems), step, Context()).audio.samples.any()


@every
def test_swapped_channels_come_out_swapped(processor):
    chosen = processor(**AT_WORK[processor.name])
    swapped = run(chosen, Audio(sound().samples[::-1].copy(), sound().rate_hz))
    assert np.allclose(swapped.samples[::-1], at_work(processor).samples, atol=tol.FFT_FILTER)


@every
def test_mono_is_treated_as_two_equal_channels_are(processor):
    chosen = processor(**AT_WORK[processor.name])
    mono = sound(1)
    both = run(chosen, Audio(np.concatenate([mono.samples] * 2), mono.rate_hz))
    assert np.allclose(run(chosen, mono).samples[0], both.samples[0], atol=tol.FFT_FILTER)
    assert np.array_equal(both.samples[0], both.samples[1])


@every
def test_an_unknown_knob_or_a_value_out_of_range_is_refused(processor):
    step = processor(**AT_WORK[processor.name]).step()
    with pytest.raises(UsageError, match="no_such_knob"):
        from_step(step.model_copy(update={"knobs": {**step.knobs, "no_such_knob": 1.0}}))
    name = next(n for n in processor.model_fields if knob_info(processor, n)["high"] is not None)
    with pytest.raises(UsageError, match=name):
        from_step(step.model_copy(update={"knobs": {**step.knobs, name: 1e9}}))


@every
def test_each_knob_does_something(processor):
    before = at_work(processor).samples
    for name, field in processor.model_fields.items():
        info = knob_info(processor, name)
        others = (
            get_args(field.annotation)
            if get_origin(field.annotation) is Literal
            else (False, True)
            if field.annotation is bool
            else tuple(one_shots())
            if field.annotation is str
            else (info["low"], info["high"])
        )
        changed = [processor(**{**AT_WORK[processor.name], name: value}) for value in others]
        assert any(not np.array_equal(run(c, sound()).samples, before) for c in changed), name


@every
@pytest.mark.parametrize("rate_hz", [8000, 22050, 96000])
def test_the_context_covers_what_it_needs_at_any_rate(processor, rate_hz):
    chosen = processor(**AT_WORK[processor.name])
    short = Audio(sound().samples[:, :6000].copy(), rate_hz)
    state = prepare(chosen, Listening(short, stems=beside(short)))
    reach = getattr(state, "reach_frames", 0)
    assert reach <= chosen.context_s() * rate_hz + tol.FLOAT32


def test_each_processor_has_a_place_of_its_own_in_its_stage():
    places = [(processor.stage, processor.order) for processor in PROCESSORS]
    assert len(set(places)) == len(places)
    last = {stage: max(p.order for p in PROCESSORS if p.stage is stage) for stage, _ in places}
    assert {p.name for p in PROCESSORS if p.order == last[p.stage]} >= {"limiter", "remove"}


def test_the_order_of_acceptance_is_not_the_order_of_sound():
    bass = Listening(clean(2.0, 48000))
    sound = Listening(bass.audio, stems={"bass": bass, "kick": Listening(clean(2.0, 48000))})
    fit = [p for p in PROCESSORS if p.stage is Stage.STEMS and (not p.parts or "bass" in p.parts)]
    steps = [p(**AT_WORK[p.name]).step("bass") for p in fit]
    one, other = (render_stage(sound, some, Context()).sound for some in (steps, steps[::-1]))
    assert len(steps) > 6
    assert one.audio.digest() == other.audio.digest() != sound.audio.digest()


def test_one_processor_removes_a_part_and_one_rebuilds_the_mix():
    assert [p.name for p in PROCESSORS if p.removes_part] == [removing().name]
    assert [p.name for p in PROCESSORS if p.rebuilds_mix] == [rebuilding().name]
    for hand in (removing(), rebuilding()):
        assert hand.person_only
        assert not hand.model_validate({"amount": 1.0}).is_neutral()


@every
def test_a_region_and_an_asset_are_honoured_where_declared_and_refused_elsewhere(processor):
    step = processor().step()
    assert {"low_hz", "high_hz", "asset"}.isdisjoint(step.model_dump(mode="json"))
    region = Step(**{**dict(step), "low_hz": 300.0, "high_hz": 900.0})
    assert Step.model_validate(region.model_dump(mode="json")) == region
    if processor.region_knobs:
        made = from_step(region)
        assert [getattr(made, name) for name in processor.region_knobs] == [300.0, 900.0]
    else:
        with pytest.raises(UsageError, match="whole spectrum"):
            from_step(region)
    handed = Step(**{**dict(step), "asset": "o-1"})
    assert len({step.id, region.id, handed.id}) == 3
    if processor.sample_knobs:
        assert from_step(handed).one_shots() == ("o-1",)
    else:
        with pytest.raises(UsageError, match="nothing beside the song"):
            from_step(handed)


def test_a_step_without_region_and_asset_is_named_as_it_always_was():
    assert Step(processor="gain", stage=Stage.LOUDNESS, knobs={"gain_db": 1.5}).id == "s-6b9b7483e52c173b"
    with pytest.raises(ValueError, match="a region ends at 100 Hz before"):
        Step(processor="rebuild", stage=Stage.STEMS, low_hz=200.0, high_hz=100.0)
