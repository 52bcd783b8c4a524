"""Processors in words: "Shall I …?". One line per processor in ``STEPS``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controlroom.model.proposals import Knob, Proposal, Step
from controlroom.report.figures import clock, format_measurement, frequency, number, unit_of
from controlroom.report.wording import listed, on_part, spoken


@dataclass(frozen=True, slots=True)
class StepWords:
    """A processor's title, and what a step of it does, as the end of "Shall I …?"."""

    title: str
    does: Callable[[Step], str]


def _gain(step: Step) -> str:
    gain = _first(step, "gain_db", "_db")
    if gain is None:
        return _apply(step)
    digits = 1 if round(gain, 1) == round(gain, 2) else 2  # as the knob shows it
    return f"{'raise' if gain > 0 else 'lower'} {_whole(step)} by {number(abs(gain), digits)} dB"


def _limiter(step: Step) -> str:
    ceiling, gain = _first(step, "ceiling_dbtp", "_dbtp"), _first(step, "gain_db", "")
    hold = (
        f"hold its true peaks at {format_measurement('x_dbtp', ceiling)}"
        if ceiling is not None
        else "limit its true peaks"
    )
    return f"raise it by {number(gain)} dB and {hold}" if gain and gain > 0 else hold


def _tone(step: Step) -> str:
    moves = [f"{number(db, signed=True)} dB at {frequency(hz)}" for hz, db in bands(step).items()]
    return f"move the tone towards the corridor: {listed(moves)}" if moves else _apply(step)


def _stem_eq(step: Step) -> str:
    moves = [f"{number(db, signed=True)} dB at {frequency(hz)}" for hz, db in bands(step).items()]
    return f"move its tone: {listed(moves)}" if moves else _apply(step)


def _rumble_cut(step: Step) -> str:
    hz, depth = _first(step, "below_hz", "_hz"), _first(step, "attenuation_db", "_db")
    by = f" by {number(depth, 0)} dB" if depth else ""
    return f"turn down what lies below {frequency(hz if hz is not None else 20.0)}{by}"


def _dc_removal(step: Step) -> str:
    how = (
        ", with a high-pass below 5 Hz because it wanders" if step.knobs.get("method") == "high-pass" else ""
    )
    return f"bring the waveform back to its zero line{_share(step)}{how}"


def _low_end_mono(step: Step) -> str:
    hz = _first(step, "corner_hz", "_hz")
    below = f" below {frequency(hz)}" if hz is not None else ""
    return f"bring the two sides of the low end together{below}{_share(step)}"


def _fade(step: Step) -> str:
    lengths = (("in", _first(step, "in_ms", "")), ("out", _first(step, "out_ms", "")))
    done = [f"fade it {way} over {format_measurement('x_s', ms / 1000)}" for way, ms in lengths if ms]
    return " and ".join(done) or _apply(step)


def _hats(step: Step) -> str:
    depth, tail = _first(step, "depth_db", ""), _first(step, "tail_db", "")
    done = [f"turn hats and cymbals down by {number(depth)} dB"] if depth else []
    if tail:
        done.append(f"their ringing by {number(tail)} dB {'more' if depth else 'only'}")
    hz = _first(step, "low_hz", "")
    return f"{listed(done)}, above {frequency(hz)}" if done and hz else _apply(step)


def _transient(step: Step) -> str:
    attack, sustain = _first(step, "attack_db", ""), _first(step, "sustain_db", "")
    whose = {"kick": "of the kick's strokes", "snare": "of the snare's strokes"}.get(
        str(step.knobs.get("drum")), "of each stroke"
    )
    done = []
    if attack:
        done.append(f"{_moved(attack)} the front {whose} by {number(abs(attack))} dB")
    if sustain:
        done.append(f"{_moved(sustain)} what follows {'it' if attack else f'the front {whose}'}")
        done[-1] += f" by {number(abs(sustain))} dB"
    hz = _first(step, "low_hz", "")
    return f"{listed(done)}, above {frequency(hz)}" if done and hz else _apply(step)


def _moved(gain_db: float) -> str:
    return "raise" if gain_db > 0 else "lower"


def _bleed_gate(step: Step) -> str:
    depth = _first(step, "range_db", "")
    return f"turn down what leaks in between by up to {number(depth)} dB" if depth else _apply(step)


def _drum_rebuild(step: Step) -> str:
    rise = _first(step, "rise_ms", "")
    slow = f" that takes longer than {number(rise)} ms to rise" if rise else ""
    return f"give each stroke{slow} the beginning of a clean one{_share(step)}"


def _layer(step: Step) -> str:
    drum, front = str(step.knobs.get("drum", "drum")), _first(step, "front_db", "")
    what = (
        f"the sample {step.knobs['sample']}"
        if step.knobs.get("sample")
        else "the mean of its own hardest strokes"
        if step.knobs.get("source") == "own"
        else "a short sound made to its own pitch"
    )
    to = (
        f", until its front stands {number(front, signed=True)} dB over its body" if front is not None else ""
    )
    return f"lay {what} under each stroke of the {drum} that is weak{to}{_share(step)}"


def _carve(step: Step) -> str:
    depth, low, high = (_first(step, name, "") for name in ("depth_db", "low_hz", "high_hz"))
    if depth is None or low is None or high is None:
        return _apply(step)
    return (
        f"make room for the voice by up to {number(depth)} dB from {frequency(low)} to {frequency(high)}, "
        "only while it sings and where it is covered"
    )


def _stem_width(step: Step) -> str:
    side, corner = _first(step, "side_db", ""), _first(step, "corner_hz", "")
    if not side or corner is None:
        return _apply(step)
    way = "wider" if side > 0 else "narrower"
    return f"make it {way} above {frequency(corner)}: its sides {number(side, signed=True)} dB"


def _presence(step: Step) -> str:
    gain, hz = _first(step, "gain_db", ""), _first(step, "centre_hz", "")
    if not gain or hz is None:
        return _apply(step)
    return f"{'lift' if gain > 0 else 'lower'} it by {number(abs(gain))} dB around {frequency(hz)}"


def _ride(step: Step) -> str:
    down, up = _first(step, "range_db", ""), _first(step, "boost_db", "")
    if down is None or up is None:
        return _apply(step)
    return f"ride its level towards the middle phrase{_share(step)}, at most {number(down)} dB down and {number(up)} dB up"


def _de_ess(step: Step) -> str:
    depth = _first(step, "depth_db", "")
    return f"turn its s and sh down by up to {number(depth)} dB" if depth else _apply(step)


def _bass_consistency(step: Step) -> str:
    return f"bring its notes towards one level{_share(step)}"


def _sidechain(step: Step) -> str:
    depth, hz = _first(step, "depth_db", ""), _first(step, "below_hz", "")
    if not depth or hz is None:
        return _apply(step)
    what = "it" if hz >= 20000.0 else f"what lies below {frequency(hz)}"
    return f"duck {what} by up to {number(depth)} dB under each stroke of the kick"


def _saturation(step: Step) -> str:
    drive, wet = _first(step, "drive_db", ""), _first(step, "wet", "")
    if not drive or not wet:
        return _apply(step)
    share = f", {number(wet * 100, 0)} % of it" if wet < 1 else ""
    return f"add overtones with {number(drive)} dB of drive{share}, at the same level"


def _share(step: Step) -> str:
    amount = _first(step, "amount", "amount")
    return f" by {number(amount * 100, 0)} %" if amount is not None and amount < 1 else ""


def _apply(step: Step) -> str:
    knobs = ", ".join(knob_words(name, value) for name, value in step.knobs.items())
    return f"apply {spoken(step.processor).lower()}" + (f" ({knobs})" if knobs else "")


def _remove(step: Step) -> str:
    share = _first(step, "amount", "amount") or 0.0
    return "take it out" if share >= 1.0 else f"take {number(100 * share, 0)} % of it out"


def _rebuild(step: Step) -> str:
    low, high = _first(step, "low_hz", "low_hz") or 20.0, _first(step, "high_hz", "high_hz") or 20000.0
    where = "" if low <= 20.0 and high >= 20000.0 else f" from {frequency(low)} to {frequency(high)}"
    return f"make the mix anew from its stems{where}{_share(step)}"


STEPS: Mapping[str, StepWords] = {
    "gain": StepWords("Gain", _gain),
    "limiter": StepWords("Limiter", _limiter),
    "tone": StepWords("Tone", _tone),
    "rumble": StepWords("Rumble filter", _rumble_cut),
    "carve": StepWords("Room for the voice", _carve),
    "stem_width": StepWords("Width", _stem_width),
    "level": StepWords("Level", _gain),
    "stem_eq": StepWords("Equaliser", _stem_eq),
    "presence": StepWords("Presence", _presence),
    "ride": StepWords("Level ride", _ride),
    "de_ess": StepWords("De-esser", _de_ess),
    "bass_consistency": StepWords("Even bass", _bass_consistency),
    "sidechain": StepWords("Side-chain", _sidechain),
    "saturation": StepWords("Saturation", _saturation),
    "dc": StepWords("DC removal", _dc_removal),
    "low_end_mono": StepWords("Low end to mono", _low_end_mono),
    "fade": StepWords("Fade", _fade),
    "remove": StepWords("Removal", _remove),
    "rebuild": StepWords("Rebuilding from stems", _rebuild),
    "hats": StepWords("Hats and cymbals", _hats),
    "bleed_gate": StepWords("Bleed gate", _bleed_gate),
    "drum_rebuild": StepWords("Drum rebuild", _drum_rebuild),
    "layer": StepWords("Layer", _layer),
    "transient": StepWords("Transients", _transient),
}


def step_title(processor: str) -> str:
    """Return a processor's name as people say it."""
    words = STEPS.get(processor)
    return words.title if words else spoken(processor)


def step_phrase(step: Step) -> str:
    """Return what a step does, as the end of "Shall I …?"; with its part and place."""
    words = STEPS.get(step.processor)
    done = (words.does if words else _apply)(step)
    done += on_part(step.part, done)
    if step.span is None:
        return done
    return f"{done}, from {clock(step.span.start_s)} to {clock(step.span.end_s)}"


def proposal_sentence(proposal: Proposal) -> str:
    """Return a proposal as the question that it is: "Shall I …?"."""
    return f"Shall I {step_phrase(proposal.step)}?"


def proposal_remarks(proposal: Proposal) -> tuple[str, ...]:
    """Return what must be known beside the question: weakened, provisional, for a person only."""
    told = []
    if proposal.amount < 1.0:
        told.append(
            f"The guards weakened it to {number(proposal.amount * 100, 0)} % of what would answer the finding."
        )
    if proposal.provisional:
        told.append("Provisional: it is asked again when something before it changes.")
    if proposal.step.part != "mix" and proposal.confidence < 1.0:
        told.append(
            f"Sure to {number(proposal.confidence * 100, 0)} %: no surer than the stem can be trusted."
        )
    if proposal.refused:
        bands = listed([f"{frequency(b.low_hz)} to {frequency(b.high_hz)}" for b in proposal.refused])
        told.append(f"Left out from {bands}: there the stem is not in the mix as a wave.")
    if proposal.person_only:
        told.append("Only a person may answer this one; no policy can.")
    return tuple(told)


def knob_words(name: str, value: Knob) -> str:
    """Return one knob and its setting: ``depth 3.0 dB``."""
    unit = unit_of(name)
    label = (name[: -len(unit) - 1] if unit else name).replace("_", " ")
    if isinstance(value, bool):
        return f"{label} {'on' if value else 'off'}"
    if isinstance(value, str):
        return f"{label} {value}"
    return f"{label} {format_measurement(name, value)}".strip()


def bands(step: Step) -> dict[float, float]:
    """Return the gain in decibels by frequency in hertz of an equaliser's knobs that do something.

    Knobs belong together when they share a number (``band1_hz``,
    ``gain1_db``) or the words before their unit (``low_hz``, ``low_gain_db``).
    """
    hertz: dict[str, float] = {}
    gains: dict[str, float] = {}
    for name, value in step.knobs.items():
        if isinstance(value, bool | str):
            continue
        found = re.search(r"\d+", name)
        key = found[0] if found else re.sub(r"_?(freq|frequency|centre|gain)?_?(hz|db)$", "", name)
        if unit_of(name) == "hz":
            hertz[key] = float(value)
        elif unit_of(name) == "db" and value:
            gains[key] = float(value)
    return {hertz[key]: gains[key] for key in sorted(gains, key=lambda k: hertz.get(k, 0)) if key in hertz}


def _first(step: Step, name: str, ending: str) -> float | None:
    """Return the knob called ``name``, or else the first number whose name ends in ``ending``."""
    by_ending = bool(ending) and name not in step.knobs
    values = [v for knob, v in step.knobs.items() if (knob.endswith(ending) if by_ending else knob == name)]
    numbers = [float(value) for value in values if not isinstance(value, bool | str)]
    return numbers[0] if numbers else None


def _whole(step: Step) -> str:
    return "the level" if step.part == "mix" and step.span is None else "it"
