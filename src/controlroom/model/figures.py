"""Numbers as people read them: the unit is taken from the end of a name."""

from __future__ import annotations

import math
import re

MINUS = "−"
NOTHING = "—"

_INDEX = re.compile(r"^(?P<name>[^\[]*)\[(?P<index>[^\]]*)\]$")


class _Unit:
    """How values of one unit are written."""

    def __init__(self, text: str, digits: int, factor: float = 1.0) -> None:
        self.text = text
        self.digits = digits
        self.factor = factor


UNITS = {
    "dbtp": _Unit("dBTP", 1),
    "dbfs": _Unit("dBFS", 1),
    "lufs": _Unit("LUFS", 1),
    "lu": _Unit("LU", 1),
    "db": _Unit("dB", 1),
    "hz": _Unit("Hz", 0),
    "khz": _Unit("kHz", 1),
    "s": _Unit("s", 2),
    "ms": _Unit("ms", 0),
    "frames": _Unit("frames", 0),
    "bpm": _Unit("BPM", 1),
    "kbps": _Unit("kbit/s", 0),
    "percent": _Unit("%", 0),
    "share": _Unit("%", 0, 100.0),
    "cents": _Unit("cents", 0),
    "semitones": _Unit("semitones", 1),
    "bars": _Unit("bars", 0),
    "count": _Unit("", 0),
    "minute": _Unit("a minute", 0),
    "bits": _Unit("bits", 2),
}

MEASURES = {
    "loudness.integrated_lufs": "integrated loudness",
    "loudness.range_lu": "loudness range",
    "loudness.momentary_max_lufs": "loudest moment (400 ms)",
    "loudness.short_term_max_lufs": "loudest 3 s",
    "loudness.psr_p5_db": "peak to short-term loudness, 5th percentile",
    "peak.true_dbtp": "true peak",
    "peak.sample_dbfs": "sample peak",
    "peak.plr_db": "peak to loudness",
    "dynamics.crest_loudest_8s_db": "crest in the loudest 8 s",
    "dynamics.loudest_window_start_s": "start of the loudest 8 s",
    "level.dc_offset_dbfs": "DC offset",
    "level.dc_ratio_db": "DC offset against the sound",
    "level.dc_drift_db": "wandering of the DC offset",
    "level.infrasonic_db": "energy below 20 Hz against the whole",
    "tone.residual_db": "distance from the corridor’s middle",
    "tone.outside_corridor_db": "greatest distance outside the corridor",
    "tone.outside_mean_db": "mean distance outside the corridor",
    "stereo.low_side_mid_db": "sides against middle in the low end",
    "stereo.low_correlation": "correlation in the low end",
    "stereo.correlation": "stereo correlation",
    "stereo.mono_fold_loss_db": "loss when folded to mono",
    "voice.presence_db": "presence of the voice",
    "lowend.level_db": "level of the low end",
    "edges.start_silence_s": "silence before the first sound",
    "edges.end_silence_s": "silence after the last sound",
    "edges.end_level_db": "level at the very end",
    "tone.mud_db": "200 to 500 Hz over the corridor",
    "tone.boom_db": "80 to 125 Hz over the corridor",
    "tone.harshness_db": "2.5 to 5 kHz over the corridor",
    "tone.fizz_db": "8 to 12.5 kHz over the corridor",
    "tone.dullness_db": "5 to 12.5 kHz under the corridor",
    "tone.thin_db": "63 to 125 Hz under the corridor",
    "tone.resonance_db": "strongest ring over its surroundings",
    "noise.hiss_db": "noise floor of the highs against the whole",
    "noise.hum_db": "mains harmonics over their surroundings",
    "noise.whine_db": "strongest standing tone over its surroundings",
    "noise.birdies_count": "birdies at once",
    "noise.flutter_db": "beat of the highs over its surroundings",
    "noise.clicks_per_minute": "clicks",
    "noise.dropouts_count": "dropouts",
    "clipping.flat_per_minute": "flat tops",
    "clipping.roundness_db": "crowding under the peak",
    "source.ceiling_drop_db": "fall at the ceiling",
    "source.ceiling_hz": "ceiling of the highs",
    "source.bits_count": "bits in use",
    "source.side_db": "sides against middle",
    "source.holes_per_minute": "holes in the highs",
    "source.silence_s": "longest silence inside",
    "form.arc_spread_db": "movement of the level over the song",
    "form.arc_peak_share": "place of the highest level",
    "form.arc_stock_share": "share of the arc that a stock arc explains",
    "form.copied_bars_share": "copied bars",
    "form.late_highs_loss_db": "highs lost in the late part",
    "form.tempo_drift_percent": "drift of the tempo",
    "form.tuning_drift_cents": "drift of the tuning",
    "harmony.loop_share": "chords covered by one loop",
    "harmony.next_chord_bits": "uncertainty of the next chord",
    "harmony.surprise_bits": "surprise of the chords",
    "harmony.triads_count": "different triads",
    "arc.energy_range_share": "reach of the surface energy",
    "arc.agreement_percent": "agreement with the intended energy",
    "arc.chorus_lift_db": "chorus over verse",
    "limiter.reduction_p95_db": "limiter reduction, 95th percentile",
    "limiter.reduction_max_db": "greatest limiter reduction",
    "residual_db": "distance from the corridor’s middle",
    "transients.kick_front_db": "front of the kick",
    "transients.snare_front_db": "front of the snare",
    "transients.rise_s": "rise of the drums",
    "transients.hats_over_db": "hats against snare and voice",
    "transients.hats_occupancy_share": "time in which hats sound",
    "transients.hiss_over_crack_db": "highs against the upper middle",
    "voice.over_backing_db": "voice against what masks it",
    "voice.covered_share": "covered share of the voice",
    "voice.masked_bars_share": "sung bars in which the voice is masked",
    "voice.sibilance_db": "consonants against vowels",
    "voice.mix_sibilance_db": "hiss against vowels where somebody probably sings",
    "voice.mix_sung_hiss_db": "hiss where somebody probably sings, against elsewhere",
    "voice.level_range_db": "walk of the voice’s level",
    "stereo.high_correlation": "correlation of the highs",
    "stereo.upper_fold_loss_db": "loss in mono above 200 Hz",
    "level.note_range_db": "walk of the notes' level",
    "stereo.width_db": "width above 500 Hz",
    "stereo.imbalance_db": "balance of left and right",
    "stereo.drift_db": "drift of the balance",
    "dynamics.between_db": "quiet fifth under the loud level",
    "dynamics.dense_crest_db": "crest of the loud passages",
    "dynamics.beat_rise_db": "rise through the beat",
    "dynamics.level_step_db": "level between repeats",
}
"""Words for the measurement table's names, without their arguments."""


def number(value: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """Return a decimal with a true minus sign; ``−∞`` and ``—`` where there is no number."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else MINUS + "∞"
    text = f"{abs(value):,.{digits}f}".replace(",", "\u202f")
    if float(f"{value:.{digits}f}") == 0.0:
        return text
    sign = MINUS if value < 0 else "+" if signed else ""
    return sign + text


def unit_of(name: str) -> str:
    """Return the unit code at the end of a measurement's or knob's name; empty if there is none."""
    base = name.partition("[")[0]
    ending = base.replace(".", "_").rsplit("_", 1)[-1].lower()
    return ending if ending in UNITS else ""


SHORT_S = 0.1
"""Shorter times are written in milliseconds."""


def format_measurement(name: str, value: float | None, *, signed: bool = False, finer: int = 0) -> str:
    """Write a value with the unit that its name ends in.

    Parameters
    ----------
    name : str
        Such as ``loudness.integrated_lufs``, ``tone.residual_db[630]`` or a
        knob's ``cutoff_hz``.
    value : float or None
        In that unit. Shares are written as percentages; None and NaN as —.
    signed : bool
        Whether to write the plus of a positive number, as for gains.
    finer : int
        Digits beyond the usual ones, for two values that would read alike.

    Returns
    -------
    str
        Such as ``−9.4 LUFS``, ``1.2 kHz``, ``35 ms``.

    Examples
    --------
    >>> format_measurement("loudness.integrated_lufs", -9.44)
    '−9.4 LUFS'
    """
    code = unit_of(name)
    if value is None or math.isnan(value):
        return NOTHING
    if code == "hz":
        return frequency(value)
    unit = UNITS.get(code)
    if unit is None:
        return number(value, 2 + finer, signed=signed)
    if code == "s" and 0.0 < abs(value) < SHORT_S:
        return format_measurement("x_ms", 1000.0 * value, signed=signed, finer=finer)
    digits = 1 if code == "s" and abs(value) >= 10 else unit.digits
    if code == "ms" and abs(value) < 10:
        digits = 1
    over_full_scale = code in ("dbtp", "dbfs")
    text = number(value * unit.factor, digits + finer, signed=signed or over_full_scale)
    return f"{text}\u00a0{unit.text}" if unit.text else text


def frequency(hertz: float) -> str:
    """Write a frequency: ``63 Hz``, ``1.25 kHz``."""
    if not math.isfinite(hertz):
        return number(hertz)
    if abs(hertz) >= 1000:
        return number(hertz / 1000, 2).rstrip("0").rstrip(".") + "\u00a0kHz"
    digits = 0 if hertz >= 100 or float(hertz).is_integer() else 1
    return f"{number(hertz, digits)}\u00a0Hz"


def clock(seconds: float) -> str:
    """Write a place in a song: ``1:07.5``."""
    if not math.isfinite(seconds):
        return number(seconds)
    tenths = round(max(0.0, seconds) * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest // 10:02d}.{rest % 10}" if rest % 10 else f"{minutes}:{rest // 10:02d}"


def measure_label(name: str) -> str:
    """Return the words for a measurement: ``tone.residual_db[630]`` is *distance … at 630 Hz*."""
    match = _INDEX.match(name)
    base, index = (match["name"], match["index"]) if match else (name, "")
    words = MEASURES.get(base) or _spoken(base)
    if not index:
        return words
    try:
        return f"{words} at {frequency(float(index))}"
    except ValueError:
        return f"{words} ({index.replace('_', ' ')})"


def _spoken(name: str) -> str:
    """Return a name that no table knows, made readable: unit and room left off."""
    base = name.rsplit("_", 1)[0] if unit_of(name) and "_" in name else name
    return base.replace(".", " ").replace("_", " ").replace("-", " ")


def size(count: int) -> str:
    """Write a file's size in bytes, kB or MB."""
    if count < 1000:
        return f"{count} bytes"
    if count < 1_000_000:
        return f"{count / 1000:.0f}\u00a0kB"
    return f"{count / 1_000_000:.1f}\u00a0MB"
