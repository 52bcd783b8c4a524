"""What the printer is given: filled in from a walk, a render and its master."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from controlroom.listening.heard import loudest_of, loudness_of
from controlroom.listening.listening import Listening
from controlroom.listening.tone import tonal_balance
from controlroom.media.files import write_text
from controlroom.media.peaks import peaks
from controlroom.model.base import Record, text_of
from controlroom.model.context import Context
from controlroom.model.findings import MAX_PLOT_POINTS
from controlroom.model.render import Render
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span
from controlroom.report.html import render_html
from controlroom.report.model import Audition, Curve, ReportData, Spectrum, Waveform
from controlroom.studio.auditioning import (
    FORM,
    AuditionFiles,
    Matched,
    Place,
    matched,
    write_waiting,
    written_once,
)
from controlroom.studio.mastering import Mastered
from controlroom.studio.song import Song
from controlroom.studio.walk import Walk

WAVEFORM_BUCKETS = 600


def write_report(song: Song, walk: Walk, render: Render, mastered: Mastered, context: Context) -> ReportData:
    """Write the page and the audio beside it, and return what they show."""
    with context.part("audition", 0.0, 0.4) as inner:
        auditions = write_waiting(walk, inner)
    context.tell("listen", 0.5)
    listen = _write_listen(song, walk, mastered)
    data = report_data(song, walk, render)
    data = data.model_copy(
        update={
            **_pictures(song.standards, walk, mastered),
            "auditions": {id_: _audition(song, files) for id_, files in auditions.items()},
            "listen": listen,
        }
    )
    write_text(song.folder.report, render_html(data))
    return data


def report_data(song: Song, walk: Walk, render: Render) -> ReportData:
    """Return what a report says, without its pictures and sounds."""
    memory, answered = song.memory, song.memory.answered
    head = memory.ledger.head
    take = song.take
    proposals = {p.id: p for p in walk.proposals}
    proposals.update({d.proposal_id: memory.proposals[d.proposal_id] for d in memory.hand_made})
    return ReportData(
        title=song.folder.read_card().title,
        song=text_of(os.path.relpath(song.folder.root)),
        state=memory.state,
        draft=render.draft,
        take=take.facts,
        policy=memory.policies[-1].name if memory.policies else None,
        findings=tuple(walk.findings),
        notes=tuple(note for note in memory.notes if note.span.clock == take.id),
        elsewhere=tuple(memory.elsewhere),
        proposals=tuple(proposals.values()),
        withheld=tuple(memory.withheld),
        decisions=tuple(answered[id_] for id_ in proposals if id_ in answered),
        render=render,
        ledger_seq=head.seq,
        ledger_head=head.hash,
        program=f"Control Room {render.environment.get('controlroom', '')}",
        made_at=render.at,
    )


def _write_listen(song: Song, walk: Walk, mastered: Mastered) -> Audition:
    """Write the loudest stretch of take and master at equal loudness, for the page's player."""
    node, rate_hz = mastered.node, song.take.facts.rate_hz
    length_s = song.standards.number("audition.whole_s")
    if node.rate_hz != rate_hz or (not node.steps and walk.now is walk.take):
        return Audition()

    def place() -> Place:
        centre_s = loudest_of(walk.take).start_s + loudest_of(walk.take).length_s / 2
        start_s = max(0.0, min(centre_s - length_s / 2, walk.take.audio.duration_s - length_s))
        return Place(span=Span(clock=walk.take.clock, start_s=start_s, end_s=start_s + length_s))

    def make() -> Matched:
        first, last = round(span.start_s * rate_hz), round(span.end_s * rate_hz)
        master = walk.player.listening(node).audio
        return matched(walk.take.audio.excerpt(first, last), master.excerpt(first, last))

    notes = walk.keeping.notes
    span = notes.recall("loudest", [walk.start.key, length_s], Place, place).span
    folder = song.folder.auditions / "whole"
    paths = {name: folder / f"{name}{FORM.extension}" for name in ("before", "after")}
    key = notes.key("whole", [walk.start.key, node.key, length_s, FORM])
    lufs = written_once(song.folder, "whole", key, paths, make)
    names = {name: (song.folder.relative(path),) for name, path in paths.items()}
    return Audition(**names, matched_lufs=lufs, start_s=span.start_s)


def _audition(song: Song, files: AuditionFiles) -> Audition:
    return Audition(
        before=(song.folder.relative(files.before),),
        after=(song.folder.relative(files.after),),
        difference=(song.folder.relative(files.difference),),
        matched_lufs=files.matched_lufs,
        start_s=files.start_s,
    )


class Pictures(Record):
    """What is drawn of take and master."""

    waveform_before: Waveform
    waveform_after: Waveform
    loudness_before: Curve
    loudness_after: Curve
    gain_reduction: Curve | None
    spectrum: Spectrum | None


def _pictures(standards: Standards, walk: Walk, mastered: Mastered) -> Mapping[str, object]:
    """Return what is drawn, as it was before or drawn now."""

    def draw() -> Pictures:
        take, master = walk.take, walk.player.listening(mastered.node)
        return Pictures(
            waveform_before=_waveform(take),
            waveform_after=_waveform(master),
            loudness_before=_short_term(take),
            loudness_after=_short_term(master),
            gain_reduction=_reduction(walk),
            spectrum=_spectrum(standards, take, master),
        )

    of = [walk.start.key, mastered.node.key, standards.digest]
    drawn = walk.keeping.notes.recall("pictures", of, Pictures, draw)
    return {name: getattr(drawn, name) for name in Pictures.model_fields}


def _waveform(sound: Listening) -> Waveform:
    seen = peaks(sound.audio, WAVEFORM_BUCKETS)
    low, high = seen.low.min(axis=0), seen.high.max(axis=0)
    return Waveform(
        duration_s=sound.audio.duration_s,
        low=tuple(round(float(v), 4) for v in low),
        high=tuple(round(float(v), 4) for v in high),
    )


def _short_term(sound: Listening) -> Curve:
    heard = loudness_of(sound)
    values = heard.short_term_lufs
    times = 3.0 + np.arange(values.size, dtype=np.float64) * heard.short_term_hop_s
    return _curve(times, values)


def _curve(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Curve:
    """Return at most 512 evenly spread points of a curve."""
    chosen = np.unique(np.linspace(0, max(0, x.size - 1), min(x.size, MAX_PLOT_POINTS)).astype(int))
    chosen = chosen[: x.size]
    return Curve(
        x=tuple(round(float(v), 2) for v in x[chosen]),
        y=tuple(round(float(v), 2) if math.isfinite(v) else -math.inf for v in y[chosen]),
    )


def _reduction(walk: Walk) -> Curve | None:
    curve = walk.told.curves.get("limiter.reduction_db")
    if curve is None or curve.shape[1] == 0:
        return None
    # the greatest of each stretch: a picture that thins points out would lose the peaks
    starts = np.unique(np.linspace(0, curve.shape[1], MAX_PLOT_POINTS, endpoint=False).astype(int))
    return _curve(curve[0][starts], np.maximum.reduceat(curve[1], starts))


def _spectrum(standards: Standards, before: Listening, after: Listening) -> Spectrum | None:
    was, now = tonal_balance(before, standards), tonal_balance(after, standards)
    if was.freq_hz.size == 0 or was.freq_hz.size != now.freq_hz.size:
        return None
    keys = ("tone.corridor_freq_hz", "tone.corridor_median_db")
    corridor = dict(zip(*(standards.curve(key) for key in keys), strict=True))
    median = np.array([corridor[f] for f in was.freq_hz])
    return Spectrum(
        freq_hz=_rounded(was.freq_hz),
        before_db=_rounded(was.residual_db + median),
        after_db=_rounded(now.residual_db + median),
        low_db=_rounded(was.low_db + median),
        high_db=_rounded(was.high_db + median),
    )


def _rounded(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(v), 2) for v in values)
