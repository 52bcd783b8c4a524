"""A made-up song that fills every part of a report; no file is read."""

from __future__ import annotations

import math

from controlroom.model.decisions import Answer, Decision, Who
from controlroom.model.findings import Finding, Measurement, Note, Plot, StandardRef
from controlroom.model.proposals import Claim, GuardReading, Proposal, Stage, Step
from controlroom.model.render import LoudnessFacts, LoudnessPlan, MasterFile, Outcome, Render
from controlroom.model.song import SongState, Tags, TakeFacts
from controlroom.model.timeline import Span
from controlroom.report.model import Audition, Curve, ReportData, Spectrum, Waveform

DURATION_S = 208.4
THIRDS_HZ = tuple(round(1000 * 2 ** (i / 3), 1) for i in range(-17, 14))


def _form(at: float) -> float:
    """Return a song-like envelope, 0 to 1, with quiet verses, a break and loud choruses."""
    place = at / DURATION_S
    chorus = 1.0 if 0.24 < place < 0.38 or 0.55 < place < 0.68 or place > 0.8 else 0.62
    broken = 0.25 if 0.7 < place < 0.78 else 1.0
    return max(0.0, min(1.0, at / 4, (DURATION_S - at) / 3)) * chorus * broken


def _wave(gain: float) -> Waveform:
    count = 900
    tops = []
    for i in range(count):
        at = DURATION_S * (i + 0.5) / count
        rough = 0.75 + 0.25 * abs(math.sin(i * 12.9898) * math.cos(i * 4.1414))
        tops.append(min(0.89, gain * _form(at) * rough))
    return Waveform(duration_s=DURATION_S, low=tuple(-t * 0.94 for t in tops), high=tuple(tops))


def _loudness(offset: float) -> Curve:
    xs = tuple(DURATION_S * i / 400 for i in range(401))
    ys = tuple(
        offset + 20 * math.log10(_form(x)) + 0.8 * math.sin(x * 0.9) if _form(x) > 0 else -math.inf
        for x in xs
    )
    return Curve(x=xs, y=ys)


def _spectrum() -> Spectrum:
    shape = [-4 - 0.18 * (i - 8) ** 2 * 0.6 - 0.4 * i for i in range(len(THIRDS_HZ))]
    before = [
        v + 3.6 * math.exp(-((i - 14) ** 2) / 5) - 2.9 * math.exp(-((i - 25) ** 2) / 8)
        for i, v in enumerate(shape)
    ]
    after = [
        v + 1.2 * math.exp(-((i - 14) ** 2) / 5) - 1.4 * math.exp(-((i - 25) ** 2) / 8)
        for i, v in enumerate(shape)
    ]
    return Spectrum(
        freq_hz=THIRDS_HZ,
        before_db=tuple(before),
        after_db=tuple(after),
        low_db=tuple(v - 2.4 for v in shape),
        high_db=tuple(v + 2.1 for v in shape),
    )


def _finding(
    kind: str, name: str, value: float, key: str, limit: float, severity: float, **more: object
) -> Finding:
    return Finding(
        kind=kind,
        measurements=(Measurement(name=name, value=value),),
        standard=StandardRef(key=key, limit=limit),
        severity=severity,
        **more,  # type: ignore[arg-type]
    )


def findings() -> tuple[Finding, ...]:
    spectrum = _spectrum()
    return (
        _finding("level", "loudness.integrated_lufs", -17.8, "loudness.target_low_lufs", -14.0, 0.7),
        _finding("true-peak", "peak.true_dbtp", 0.8, "loudness.ceiling_dbtp", -1.0, 0.8),
        Finding(
            kind="tonal-balance",
            measurements=(
                Measurement(name="tone.outside_corridor_db", value=1.6),
                Measurement(name="tone.outside_mean_db", value=0.3),
                Measurement(name="tone.residual_db[500]", value=3.8),
                Measurement(name="tone.residual_db[6300]", value=-3.1),
            ),
            standard=StandardRef(key="tone.corridor_margin_db", limit=1.0),
            severity=0.5,
            confidence=0.86,
            facts={"style": "unknown", "worst_hz": 500.0, "bands_outside": 6, "bands_judged": 26},
            plot=Plot(
                x_name="freq_hz",
                y_name="residual_db",
                x=spectrum.freq_hz,
                y=tuple(
                    b - (low + high) / 2
                    for b, low, high in zip(
                        spectrum.before_db, spectrum.low_db, spectrum.high_db, strict=True
                    )
                ),
                low=(-2.2,) * len(spectrum.freq_hz),
                high=(2.2,) * len(spectrum.freq_hz),
            ),
        ),
        _finding("rumble", "level.infrasonic_db", -12.4, "rumble.infrasonic_db", -20.0, 0.3),
        _finding("low-end-width", "stereo.low_side_mid_db", 0.8, "stereo.low_side_mid_db", -3.0, 0.4),
        _finding(
            "start-silence",
            "edges.start_silence_s",
            3.84,
            "edges.start_silence_s",
            2.0,
            0.2,
            span=Span(clock="take", start_s=0.0, end_s=3.84),
        ),
        _finding(
            "cut-off-end",
            "edges.end_level_db",
            -12.5,
            "edges.end_level_db",
            -30.0,
            0.9,
            span=Span(clock="take", start_s=204.9, end_s=DURATION_S),
        ),
        Finding(
            kind="metallic-shimmer",
            measurements=(Measurement(name="shimmer.depth_db", value=4.25),),
            severity=0.2,
            information=True,
        ),
    )


def _step(processor: str, stage: Stage, span: Span | None = None, part: str = "mix", **knobs: float) -> Step:
    return Step(processor=processor, stage=stage, span=span, part=part, knobs=knobs)


def proposals() -> tuple[Proposal, ...]:
    level, peak, tone, rumble, width, _start, end, _info = (f.id for f in findings())

    def ask(
        step: Step, kind: str, answers: tuple[str, ...], claims: tuple[Claim, ...], **more: object
    ) -> Proposal:
        return Proposal(
            source_digest="0" * 64, upstream=(), step=step, kind=kind, answers=answers, claims=claims, **more
        )  # type: ignore[arg-type]

    return (
        ask(
            _step("gain", Stage.LOUDNESS, gain_db=7.6),
            "level",
            (level,),
            (Claim(measurement="loudness.integrated_lufs", before=-17.8, expected=-10.2, tolerance=0.1),),
        ),
        ask(
            _step("limiter", Stage.LOUDNESS, ceiling_dbtp=-1.0, release_ms=180),
            "true-peak",
            (peak,),
            (
                Claim(
                    measurement="peak.true_dbtp",
                    before=0.8,
                    expected=-1.0,
                    tolerance=0.01,
                    sense="at_most",
                ),
            ),
        ),
        ask(
            _step(
                "tone",
                Stage.TONE,
                band1_hz=500,
                band1_gain_db=-2.2,
                band1_q=1.1,
                band2_hz=6300,
                band2_gain_db=1.4,
                band2_q=0.7,
            ),
            "tonal-balance",
            (tone,),
            (
                Claim(measurement="tone.residual_db[500]", before=3.4, expected=1.3, tolerance=0.3),
                Claim(measurement="tone.residual_db[6300]", before=-2.8, expected=-1.4, tolerance=0.3),
            ),
            amount=0.75,
        ),
        ask(
            _step("rumble", Stage.REPAIR, below_hz=20, attenuation_db=40),
            "rumble",
            (rumble,),
            (
                Claim(
                    measurement="level.infrasonic_db",
                    before=-12.4,
                    expected=-20.0,
                    tolerance=3.0,
                    sense="at_most",
                ),
            ),
        ),
        ask(
            _step("low_end_mono", Stage.SPACE, corner_hz=120, amount=1.0),
            "low-end-width",
            (width,),
            (
                Claim(
                    measurement="stereo.low_side_mid_db",
                    before=0.8,
                    expected=-11.4,
                    tolerance=1.0,
                    sense="at_most",
                ),
            ),
            guards=(
                GuardReading(guard="low-end", before=-12.1, after=-12.6, limit=1.0, broken=False),
                GuardReading(guard="correlation", before=0.41, after=0.52, limit=0.1, broken=False),
            ),
        ),
        ask(
            _step("fade", Stage.REPAIR, Span(clock="take", start_s=204.9, end_s=DURATION_S), out_ms=3500),
            "cut-off-end",
            (end,),
            (
                Claim(
                    measurement="edges.end_level_db",
                    before=-12.5,
                    expected=-60.0,
                    tolerance=6.0,
                    sense="at_most",
                ),
            ),
            person_only=True,
        ),
        ask(_step("de_hum", Stage.REPAIR, part="lead-vocal", depth_db=3.0), "hand-made", (), ()),
    )


def _decision(proposal: Proposal, answer: Answer, who: Who, name: str, **more: object) -> Decision:
    return Decision(
        proposal_id=proposal.id,
        answer=answer,
        step=proposal.step,
        who=who,
        name=name,
        at="2026-11-22T17:10:04+00:00",
        **more,
    )  # type: ignore[arg-type]


def _facts(integrated: float, peak: float, lra: float, psr: float) -> LoudnessFacts:
    return LoudnessFacts(
        integrated_lufs=integrated,
        loudness_range_lu=lra,
        momentary_max_lufs=integrated + 4.2,
        short_term_max_lufs=integrated + 2.6,
        true_peak_dbtp=peak,
        sample_peak_dbfs=peak - 0.3,
        plr_db=peak - integrated,
        psr_p5_db=psr,
        psr_min_db=psr - 0.8,
    )


def render() -> Render:
    gain, limiter, tone, rumble, width, _fade, _hand = proposals()
    outcomes = (
        Outcome(
            proposal_id=gain.id,
            claim=gain.claims[0],
            after_stage=-10.18,
            in_master=-10.2,
            kept=True,
            kept_in_master=True,
        ),
        Outcome(
            proposal_id=limiter.id,
            claim=limiter.claims[0],
            after_stage=-1.02,
            in_master=-1.0,
            kept=True,
            kept_in_master=True,
        ),
        Outcome(
            proposal_id=tone.id,
            claim=tone.claims[0],
            after_stage=1.24,
            in_master=1.31,
            kept=True,
            kept_in_master=True,
        ),
        Outcome(
            proposal_id=tone.id,
            claim=tone.claims[1],
            after_stage=-1.52,
            in_master=-2.1,
            kept=True,
            kept_in_master=False,
        ),
        Outcome(
            proposal_id=rumble.id,
            claim=rumble.claims[0],
            after_stage=-48.2,
            in_master=-46.9,
            kept=True,
            kept_in_master=True,
        ),
    )
    files = (
        ("wav", 24, None, -10.2, -1.0, 0.0),
        ("flac", 24, None, -10.2, -1.0, 0.0),
        ("mp3", None, 320, -10.4, -0.3, -0.2),
        ("m4a", None, 256, -10.3, -0.4, -0.1),
    )
    masters = tuple(
        MasterFile(
            path=f"masters/Glasshouse Weather.{fmt}",
            format=fmt,
            rate_hz=48000,
            bit_depth=bits,
            bitrate_kbps=kbps,
            lufs=lufs,
            true_peak_dbtp=peak,
            ceiling_dbtp=-1.0,
            trim_db=trim,
            sha256=fmt[0].encode().hex() * 32,
        )
        for fmt, bits, kbps, lufs, peak, trim in files
    )
    return Render(
        id="r-0001",
        take_id="t-0001",
        audio_digest="a" * 64,
        steps=(rumble.step, width.step, tone.step, gain.step, limiter.step),
        decisions=(),
        draft=True,
        premaster="renders/r-0001/premaster.wav",
        premaster_digest="b" * 64,
        masters=masters,
        plan=LoudnessPlan(
            target_lufs=-9.0,
            announced_lufs=-10.2,
            gain_db=7.6,
            ceiling_dbtp=-1.0,
            held_back_by="limiter.reduction_p95_db",
            readings={"limiter.reduction_p95_db": 2.96},
            limits={"limiter.reduction_p95_db": 3.0},
        ),
        before=_facts(-17.8, 0.8, 7.9, 12.4),
        after=_facts(-10.2, -1.0, 6.1, 7.3),
        outcomes=outcomes,
        guards=(
            GuardReading(guard="voice-presence", before=-14.2, after=-14.0, limit=1.5, broken=False),
            GuardReading(guard="crest", before=13.1, after=11.4, limit=2.0, broken=False),
            GuardReading(guard="mono-fold", before=0.9, after=0.7, limit=1.0, broken=False),
            GuardReading(guard="correlation", before=0.41, after=0.44, limit=0.1, broken=False),
            GuardReading(guard="low-end", before=-12.1, after=-10.7, limit=1.0, broken=True),
        ),
        ledger_seq=23,
        ledger_head="c0ffee" * 10 + "c0ff",
        at="2026-11-22T17:12:00+00:00",
    )


def sample(title: str = "Glasshouse Weather") -> ReportData:
    """Return a full report: a take of three and a half minutes, decided by a policy and a person."""
    gain, limiter, tone, rumble, width, fade, hand = proposals()
    return ReportData(
        title=title,
        song="glasshouse weather",
        state=SongState.RENDERED,
        draft=True,
        policy="hygiene",
        take=TakeFacts(
            file_name="Glasshouse Weather (v4.5).mp3",
            sha256="d" * 64,
            size_bytes=8_412_331,
            container="mp3",
            codec="MP3",
            rate_hz=48000,
            channels=2,
            frames=int(DURATION_S * 48000),
            bitrate_kbps=320.0,
            tags=Tags(artist="Nell Arrow", generator="Suno"),
        ),
        findings=findings(),
        notes=(
            Note(
                text="The second chorus should feel wider than the first.",
                span=Span(clock="take", start_s=114.6, end_s=142.0),
                by="nell",
                at="2026-11-22T17:02:00+00:00",
            ),
        ),
        proposals=proposals(),
        decisions=(
            _decision(rumble, Answer.ACCEPT, Who.POLICY, "hygiene"),
            _decision(
                tone,
                Answer.ACCEPT,
                Who.PERSON,
                "nell",
                auditioned_s=41.0,
                reason="boxy in the verses, this opens it",
            ),
            _decision(gain, Answer.ACCEPT, Who.POLICY, "hygiene"),
            _decision(limiter, Answer.ACCEPT, Who.POLICY, "hygiene"),
            _decision(hand, Answer.REJECT, Who.PERSON, "nell", reason="it took the breath away"),
            _decision(fade, Answer.DEFER, Who.POLICY, "hygiene"),
        ),
        render=render(),
        waveform_before=_wave(0.52),
        waveform_after=_wave(1.15),
        loudness_before=_loudness(-14.6),
        loudness_after=_loudness(-7.9),
        gain_reduction=Curve(
            x=tuple(DURATION_S * i / 500 for i in range(501)),
            y=tuple(
                max(0.0, 3.4 * _form(DURATION_S * i / 500) - 1.2 + 0.9 * math.sin(i * 1.7))
                for i in range(501)
            ),
        ),
        spectrum=_spectrum(),
        listen=Audition(
            before=("audio/before.m4a", "audio/before.mp3"),
            after=("audio/after.m4a", "audio/after.mp3"),
            matched_lufs=-18.0,
        ),
        auditions={
            p.id: Audition(
                before=(f"audio/{p.id} before.mp3",),
                after=(f"audio/{p.id} after.mp3",),
                difference=(f"audio/{p.id} difference.mp3",),
                matched_lufs=-18.0,
                start_s=61.5,
            )
            for p in (width, fade)
        },
        ledger_seq=23,
        ledger_head="c0ffee" * 10 + "c0ff",
        program="Control Room 0.1.0",
        made_at="2026-11-22T17:12:09+00:00",
    )
