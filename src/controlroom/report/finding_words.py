"""Finding kinds in words: "I observe". One line per kind in ``FINDINGS``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controlroom.model.findings import Finding
from controlroom.report.figures import clock, format_measurement, frequency, measure_label, number
from controlroom.report.wording import on_part, spoken


@dataclass(frozen=True, slots=True)
class FindingWords:
    """A kind's title, and the sentence that tells one finding of it."""

    title: str
    says: Callable[[Finding], str]


MOST_FINER = 2


def judged(finding: Finding) -> str:
    """Return the judged measurement with its unit."""
    first = finding.measurements[0]
    return format_measurement(first.name, first.value, finer=_finer(finding))


def limit(finding: Finding) -> str:
    """Return the limit it was judged against, with its unit; empty when it was not judged."""
    if finding.standard is None:
        return ""
    return format_measurement(finding.standard.key, finding.standard.limit, finer=_finer(finding))


def _finer(finding: Finding) -> int:
    """Return how many more digits tell what was measured from its limit: a miss by little must not read as none."""
    if finding.standard is None:
        return 0
    first, standard = finding.measurements[0], finding.standard
    for finer in range(MOST_FINER):
        pair = [
            format_measurement(name, value, finer=finer)
            for name, value in ((first.name, first.value), (standard.key, standard.limit))
        ]
        if pair[0] != pair[1]:
            return finer
    return MOST_FINER


def _over(finding: Finding) -> float:
    """Return how far the judged value lies beyond its limit, in its own unit; 0 when not judged."""
    return finding.measurements[0].value - finding.standard.limit if finding.standard else 0.0


def _level(finding: Finding) -> str:
    if finding.standard is None:
        return f"It plays at {judged(finding)}, inside the range that masters are brought into: it may stay there."
    if _over(finding) < 0:
        return f"It plays at {judged(finding)}, {number(-_over(finding))} LU below the range that masters are brought into."
    return f"It plays at {judged(finding)}, {number(_over(finding))} LU above the range that masters are brought into."


def _true_peak(finding: Finding) -> str:
    told = f"Its true peak reaches {judged(finding)}"
    if finding.standard is None:
        return f"{told}."
    digits = 1 if _over(finding) >= 0.1 else 2
    return f"{told}, {number(_over(finding), digits)} dB over the ceiling of {limit(finding)}: converters and encoders may clip it."


def _tonal_balance(finding: Finding) -> str:
    away = judged(finding)
    worst = next((m for m in finding.measurements if m.name.startswith("tone.residual_db[")), None)
    hz = _argument(worst.name) if worst else None
    counted, whole = _fact(finding, "bands_outside"), _fact(finding, "bands_judged")
    told = (
        f"In its loudest third, {number(counted, 0)} of {number(whole, 0)} bands lie outside the corridor"
        if counted and whole
        else "In its loudest third, the tonal balance leaves the corridor"
    )
    if worst is None or hz is None:
        return f"{told}, by {away} at the worst place."
    side = "above" if worst.value >= 0 else "below"
    return f"{told}; the worst, around {frequency(hz)}, by {away} {side} it."


def _rumble(finding: Finding) -> str:
    return f"There is energy below hearing: what lies under 20 Hz measures {judged(finding)} against the whole{_allowed(finding)}. It eats headroom and nobody hears it."


def _dc(finding: Finding) -> str:
    wanders = " and wanders" if finding.facts.get("wanders") else ""
    return f"The waveform sits off its zero line{wanders}: the offset measures {judged(finding)} against the sound{_allowed(finding)}. It eats headroom and can click at the start and the end."


def _low_end_width(finding: Finding) -> str:
    return f"The low end is wide: its sides measure {judged(finding)} against its middle{_allowed(finding)}. On one speaker, or in a club, part of the bass is lost."


def _start_silence(finding: Finding) -> str:
    return f"The song starts after {judged(finding)} of silence{_allowed(finding)}."


def _end_silence(finding: Finding) -> str:
    return f"{judged(finding)} of silence follow the last sound{_allowed(finding)}."


def _cut_off_end(finding: Finding) -> str:
    first = finding.measurements[0]
    below = format_measurement(first.name, abs(first.value))
    side = "below" if first.value < 0 else "above"
    return f"The song does not end, it stops: when the file runs out there is still sound, {below} {side} its loudest passage."


def _predictable_arc(finding: Finding) -> str:
    stock = finding.facts.get("stock")
    peak = next((m for m in finding.measurements if m.name == "form.arc_peak_share"), None)
    told = f"The level hardly moves over the song: it stays within {judged(finding)}{_allowed(finding)}."
    if peak is not None and isinstance(stock, str):
        told += f" What movement there is peaks at {format_measurement(peak.name, peak.value)} of the song; the nearest stock arc is “{spoken(stock).lower()}”."
    return told


def _repetition(finding: Finding) -> str:
    bars, whole = _fact(finding, "copied_bars"), _fact(finding, "bars")
    counted = f" ({number(bars, 0)} of {number(whole, 0)} bars)" if whole else ""
    return f"{judged(finding)} of what is played is copied{counted}{_allowed(finding)}: these bars repeat another one wave for wave, with nothing changed in them."


def _late_degradation(finding: Finding) -> str:
    return f"The song decays towards its end: where the same is played, its late part has {judged(finding)} less highs than before{_allowed(finding)}."


def _tempo_drift(finding: Finding) -> str:
    way = (
        "changes"
        if "faster" not in finding.facts
        else "speeds up"
        if finding.facts["faster"]
        else "slows down"
    )
    return f"The tempo {way} by {judged(finding)} from start to end{_allowed(finding)}."


def _tuning_drift(finding: Finding) -> str:
    way = "glides" if "sharper" not in finding.facts else "rises" if finding.facts["sharper"] else "falls"
    return f"The tuning {way} by {judged(finding)} from start to end{_allowed(finding)}."


def _harmonic_familiarity(finding: Finding) -> str:
    loop = finding.facts.get("loop")
    told = (
        f"One loop, {loop}, covers {judged(finding)} of the chords’ time{_allowed(finding)}."
        if loop
        else f"No loop of up to four chords is repeated: {judged(finding)} of the chords’ time{_allowed(finding)}."
    )
    if "loop_source" in finding.facts:
        told += f" {number(_fact(finding, 'loop_percent'), 1)} % of songs use it ({finding.facts['loop_source']})."
    if "next_chord_percentile" in finding.facts:
        told += f" Its next chord is more predictable than in {number(100.0 - _fact(finding, 'next_chord_percentile'), 0)} % of songs ({finding.facts.get('statistics_source', '')})."
    return told


def _surface_arc(finding: Finding) -> str:
    if finding.standard is not None:
        return f"Surface energy (level, onset rate, brightness) does not follow the energies that the brief intends: they agree by {judged(finding)}{_allowed(finding)}."
    highest = finding.facts.get("highest")
    where = (
        f"; it is highest in “{highest}” at {clock(_fact(finding, 'highest_at_s'))}"
        if highest is not None
        else ""
    )
    if finding.measurements[0].name == "arc.agreement_percent":
        return f"Surface energy (level, onset rate, brightness) follows the energies that the brief intends, by {judged(finding)}{where}."
    return f"Surface energy (level, onset rate, brightness) reaches over {judged(finding)} of its range between sections{where}. These are cues measured, not what anyone feels."


def _mud(finding: Finding) -> str:
    return f"It is muddy: in its loudest third, 200 to 500 Hz lies {judged(finding)} beyond the corridor of finished masters{_allowed(finding)}."


def _boom(finding: Finding) -> str:
    return f"It booms: in its loudest third, 80 to 125 Hz lies {judged(finding)} beyond the corridor of finished masters{_allowed(finding)}."


def _harshness(finding: Finding) -> str:
    return f"It is harsh: in its loudest third, 2.5 to 5 kHz lies {judged(finding)} beyond the corridor of finished masters{_allowed(finding)}."


def _fizz(finding: Finding) -> str:
    return f"It fizzes: in its loudest third, 8 kHz and above lies {judged(finding)} beyond the corridor of finished masters{_allowed(finding)}."


def _dullness(finding: Finding) -> str:
    return f"It is dull: in its loudest third, 5 kHz and above lies {judged(finding)} below the corridor of finished masters{_allowed(finding)}."


def _thin(finding: Finding) -> str:
    return f"The low end is thin: in its loudest third, 63 to 125 Hz lies {judged(finding)} below the corridor of finished masters{_allowed(finding)}."


def _hiss(finding: Finding) -> str:
    return f"It hisses: where the music pauses, steady noise in the highs stays at {judged(finding)} against the whole{_allowed(finding)}."


def _hum(finding: Finding) -> str:
    mains = _fact(finding, "freq_hz")
    of = f" of {frequency(mains)} and its multiples" if mains else ""
    return f"It hums: a comb{of} stands {judged(finding)} over its surroundings, through notes and pauses alike{_allowed(finding)}."


def _whine(finding: Finding) -> str:
    hz = _fact(finding, "freq_hz")
    at = f" at {frequency(hz)}" if hz else ""
    return f"It whines: one tone{at} that nobody plays stands {judged(finding)} over its surroundings{_allowed(finding)}."


def _shimmer(finding: Finding) -> str:
    return f"It shimmers: between 5.1 and 7.2 kHz, {judged(finding)} more short tones sound at once than the overtones around them explain{_allowed(finding)}."


def _flutter(finding: Finding) -> str:
    hz = _fact(finding, "freq_hz")
    times = f" {number(hz, 0)} times a second" if hz else ""
    return f"The highs flutter{times}: that beat stands {judged(finding)} over every other one{_allowed(finding)}."


def _clicks(finding: Finding) -> str:
    return f"It clicks: {judged(finding)}, each alone and without an echo of its own{_allowed(finding)}."


def _dropouts(finding: Finding) -> str:
    longest = _fact(finding, "longest_ms")
    how = f"; the longest lasts {number(longest, 0)} ms" if longest else ""
    return f"The sound drops out in loud places: {judged(finding)}{_allowed(finding)}{how}."


def _hard_clipping(finding: Finding) -> str:
    return f"It is clipped: the tops of the wave are cut flat, {judged(finding)}{_allowed(finding)}."


def _soft_clipping(finding: Finding) -> str:
    return f"It is saturated: samples crowd under the peak, {judged(finding)} against half way up{_allowed(finding)}. Music that was not driven thins out there."


def _hf_ceiling(finding: Finding) -> str:
    return f"The highs end at {judged(finding)}, as if cut with a knife: what lies above was lost before this file was made."


def _upsampled(finding: Finding) -> str:
    rate = _fact(finding, "source_rate_hz")
    was = f" of a source at {frequency(rate)}" if rate else ""
    return f"The highs end at {judged(finding)}, where the resampling filter{was} would end them."


def _bit_depth(finding: Finding) -> str:
    return f"Its samples lie on a grid of {judged(finding)} bits, whatever the file's format says."


def _dual_mono(finding: Finding) -> str:
    return f"Both channels carry the same sound: the side measures {judged(finding)} against the middle."


def _silence(finding: Finding) -> str:
    return f"Inside the sound there are {judged(finding)} of silence."


# --- drums, voice, space and dynamics ---


def _weak_kick(finding: Finding) -> str:
    return f"The kick has lost its front: the first moment of its strokes measures {judged(finding)} against what follows{_allowed(finding)}."


def _weak_snare(finding: Finding) -> str:
    return f"The snare has lost its front: the first moment of its strokes measures {judged(finding)} against what follows{_allowed(finding)}."


def _smear(finding: Finding) -> str:
    return f"The drums have no edges: even the sharpest take {judged(finding)} to rise{_allowed(finding)}. They sound as if behind a curtain."


def _hat_density(finding: Finding) -> str:
    return f"The hats hardly pause and cover what they should accompany: they measure {judged(finding)} against it{_allowed(finding)}."


def _masked_voice(finding: Finding) -> str:
    hz = _fact(finding, "worst_hz")
    where = f" It is worst around {frequency(hz)}." if hz else ""
    told = f"The voice is covered where it is understood: at 1 to 4 kHz it measures {judged(finding)} against what masks it{_allowed(finding)}.{where}"
    masked, sung, bars = _fact(finding, "bars_masked"), _fact(finding, "bars_sung"), finding.facts.get("bars")
    if not masked or not sung or not isinstance(bars, str):
        return told
    unit = "bars" if finding.facts.get("bars_from") == "beats" else "stretches of 2 s"
    return f"{told} It is so in {number(masked, 0)} of {number(sung, 0)} sung {unit}: {bars}."


def _sibilance(finding: Finding) -> str:
    if finding.facts.get("estimated"):
        return f"The voice probably hisses: where somebody seems to sing, the middle of the mix at 4.5 to 11 kHz measures {judged(finding)} against its vowels{_allowed(finding)}. Without the voice’s own stem this is an estimate."
    return f"The voice hisses: its sharpest consonants measure {judged(finding)} against its vowels{_allowed(finding)}."


def _voice_level(finding: Finding) -> str:
    return f"The voice comes and goes: its level walks by {judged(finding)} from phrase to phrase{_allowed(finding)}."


def _resonance(finding: Finding) -> str:
    hz = _fact(finding, "freq_hz")
    at = f" at {frequency(hz)}" if hz else ""
    return f"It rings{at}: whatever is played, this narrow place stands {judged(finding)} over what is around it, between the notes too{_allowed(finding)}."


def _pumping(finding: Finding) -> str:
    return f"It pumps: the sound sinks at the beat and comes back before the next. Between the two the level of its bands moves by {judged(finding)}, where played sound dies away{_allowed(finding)}."


def _transcoded(finding: Finding) -> str:
    ceiling = next((m for m in finding.measurements if m.name == "source.ceiling_hz"), None)
    ends = f" Its spectrum ends near {format_measurement(ceiling.name, ceiling.value)}." if ceiling else ""
    return f"It was a lossy file once: an encoder left holes in the highs, {judged(finding)}, where a moment of sound was rounded away.{ends}"


def _side_highs(finding: Finding) -> str:
    return f"Above 6 kHz left and right work against each other: in a tenth of the time their correlation is {judged(finding)} or less{_allowed(finding)}. In mono the shine is lost, and it wanders between the speakers."


def _mono_fold(finding: Finding) -> str:
    return f"On one speaker it loses {judged(finding)} above 200 Hz{_allowed(finding)}."


def _stereo_balance(finding: Finding) -> str:
    return f"It leans to one side: one channel is {judged(finding)} louder than the other{_allowed(finding)}."


def _stereo_drift(finding: Finding) -> str:
    return f"The balance walks across: by {judged(finding)} from start to end{_allowed(finding)}."


def _over_compression(finding: Finding) -> str:
    return f"It is squashed: in its loud passages peaks stand only {judged(finding)} over the level{_allowed(finding)}."


def _section_level(finding: Finding) -> str:
    return (
        f"The same music plays at different levels: {judged(finding)} from place to place{_allowed(finding)}."
    )


def _anything(finding: Finding) -> str:
    first = finding.measurements[0]
    label = measure_label(first.name)
    return f"{label[:1].upper()}{label[1:]} measures {judged(finding)}{_allowed(finding)}."


def _allowed(finding: Finding) -> str:
    if finding.standard is None:
        return ""
    side = "at most" if _over(finding) > 0 else "at least"
    return f" (the standard: {side} {limit(finding)})"


def _fact(finding: Finding, name: str) -> float:
    value = finding.facts.get(name, 0.0)
    return 0.0 if isinstance(value, str) else float(value)


def _argument(name: str) -> float | None:
    found = re.search(r"\[([\d.]+)\]", name)
    return float(found[1]) if found else None


FINDINGS: Mapping[str, FindingWords] = {
    "level": FindingWords("Level", _level),
    "true-peak": FindingWords("True peak", _true_peak),
    "tonal-balance": FindingWords("Tonal balance", _tonal_balance),
    "rumble": FindingWords("Rumble", _rumble),
    "dc-offset": FindingWords("DC offset", _dc),
    "low-end-width": FindingWords("Width of the low end", _low_end_width),
    "start-silence": FindingWords("Silence at the start", _start_silence),
    "end-silence": FindingWords("Silence at the end", _end_silence),
    "cut-off-end": FindingWords("Cut-off end", _cut_off_end),
    "mud": FindingWords("Mud", _mud),
    "boom": FindingWords("Boom", _boom),
    "harshness": FindingWords("Harshness", _harshness),
    "fizz": FindingWords("Fizz", _fizz),
    "dullness": FindingWords("Dullness", _dullness),
    "thin-low-end": FindingWords("Thin low end", _thin),
    "resonance": FindingWords("Resonance", _resonance),
    "hiss": FindingWords("Hiss", _hiss),
    "hum": FindingWords("Hum", _hum),
    "whine": FindingWords("Whine", _whine),
    "shimmer": FindingWords("Shimmer", _shimmer),
    "hf-flutter": FindingWords("Flutter of the highs", _flutter),
    "clicks": FindingWords("Clicks", _clicks),
    "dropouts": FindingWords("Dropouts", _dropouts),
    "hard-clipping": FindingWords("Hard clipping", _hard_clipping),
    "soft-clipping": FindingWords("Soft clipping", _soft_clipping),
    "hf-ceiling": FindingWords("Ceiling of the highs", _hf_ceiling),
    "upsampled": FindingWords("Upsampled source", _upsampled),
    "bit-depth": FindingWords("True bit depth", _bit_depth),
    "dual-mono": FindingWords("Dual mono", _dual_mono),
    "silence": FindingWords("Silence inside", _silence),
    "transcoded": FindingWords("Transcoded source", _transcoded),
    "predictable-arc": FindingWords("Predictable arc", _predictable_arc),
    "repetition": FindingWords("Copied bars", _repetition),
    "late-degradation": FindingWords("Decay towards the end", _late_degradation),
    "tempo-drift": FindingWords("Drifting tempo", _tempo_drift),
    "tuning-drift": FindingWords("Drifting tuning", _tuning_drift),
    "harmonic-familiarity": FindingWords("Harmonic familiarity", _harmonic_familiarity),
    "surface-arc": FindingWords("Arc of surface energy", _surface_arc),
    "weak-kick": FindingWords("Weak kick", _weak_kick),
    "weak-snare": FindingWords("Weak snare", _weak_snare),
    "smear": FindingWords("Smeared drums", _smear),
    "hat-density": FindingWords("Dense hats", _hat_density),
    "masked-voice": FindingWords("Masked voice", _masked_voice),
    "sibilance": FindingWords("Sibilance", _sibilance),
    "voice-level": FindingWords("Level of the voice", _voice_level),
    "side-highs": FindingWords("Unstable highs", _side_highs),
    "mono-fold": FindingWords("Loss in mono", _mono_fold),
    "stereo-balance": FindingWords("Stereo balance", _stereo_balance),
    "stereo-drift": FindingWords("Drifting balance", _stereo_drift),
    "over-compression": FindingWords("Over-compression", _over_compression),
    "pumping": FindingWords("Pumping", _pumping),
    "section-level": FindingWords("Level of repeats", _section_level),
}


def finding_title(kind: str) -> str:
    """Return the heading of a finding kind; ``hand-made`` is a step without a finding."""
    if kind == "hand-made":
        return "A step of your own"
    words = FINDINGS.get(kind)
    return words.title if words else spoken(kind)


def finding_sentence(finding: Finding) -> str:
    """Return what was observed, as one or two sentences with numbers and units."""
    words = FINDINGS.get(finding.kind)
    told = (words.says if words else _anything)(finding)
    return told + on_part(finding.part, told)


def severity_words(severity: float) -> str:
    """Return a severity of 0 to 1 as a word."""
    return "slight" if severity < 1 / 3 else "clear" if severity < 2 / 3 else "strong"


def finding_place(finding: Finding) -> str:
    """Return where a finding sounds: a stretch of time, or the whole song."""
    if finding.span is None:
        return "whole song"
    return f"{clock(finding.span.start_s)} to {clock(finding.span.end_s)}"
