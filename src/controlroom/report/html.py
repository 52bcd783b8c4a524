"""The report as one HTML file that opens from disk, without a network.

The style sheet and the one script are written into the page and named by their
digests in its Content-Security-Policy: nothing else may run, and nothing may
be fetched but the audio beside it. Everything that comes from a song is
escaped by the template engine.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from controlroom.model import figures
from controlroom.report import charts, sentences, services, verdict
from controlroom.report.model import Audition, ReportData

MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
}

SOUNDS = (("before", "Before"), ("after", "After"), ("difference", "Difference"))


def render_html(data: ReportData) -> str:
    """Return the whole report as one HTML document.

    Parameters
    ----------
    data : ReportData
        Filled by the studio. Optional parts that are absent are left out.

    Returns
    -------
    str
        UTF-8 text. Audio is referred to by the relative paths in ``data``;
        write the file into the folder that they are relative to.
    """
    css, script = _shipped("report.css"), _shipped("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            data=data,
            css=Markup(css),  # noqa: S704 -- our own file, shipped with the package
            script=Markup(script),  # noqa: S704 -- same
            css_digest=_digest(css),
            script_digest=_digest(script),
            charts=_drawn(data),
            playbacks=_playbacks(data),
            say_spectrum=charts.spectrum_sentence(data.spectrum) if data.spectrum else "",
        )
    )


def _drawn(data: ReportData) -> dict[str, Markup]:
    after = data.render.after.integrated_lufs if data.render else None
    before = data.loudness_facts_before
    drawn = {
        "waveform": charts.waveform(data.waveform_before, data.waveform_after),
        "loudness": charts.loudness(
            data.loudness_before, data.loudness_after, before.integrated_lufs if before else None, after
        ),
        "reduction": charts.reduction(data.gain_reduction),
        "spectrum": charts.spectrum(data.spectrum),
        "residual": charts.residual(data.spectrum),
    }
    drawn |= {f.id: charts.plot(f"plot-{f.id}", f.plot) if f.plot else "" for f in data.findings}
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704 -- svg.text and svg.chart escape all words


def _playbacks(data: ReportData) -> list[services.Playback]:
    if data.render is None:
        return []
    after = data.render.after
    return [services.play(s, after.integrated_lufs, after.true_peak_dbtp) for s in services.services()]


def _shipped(name: str) -> str:
    folder = resources.files("controlroom.report").joinpath("templates")
    return folder.joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Return a text's digest as a Content-Security-Policy source."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def audio_url(path: str) -> str:
    """Return a path beside the report as a URL that can't leave for another host."""
    return "./" + quote(path.replace("\\", "/"))


def media_type(path: str) -> str:
    """Return the media type that a path's ending stands for; empty if unknown."""
    return MEDIA_TYPES.get(path.rpartition(".")[2].lower(), "")


def sounds(audition: Audition) -> list[dict[str, object]]:
    """Return what can be played of an audition: key, label and paths."""
    found = ((key, label, getattr(audition, key)) for key, label in SOUNDS)
    return [{"key": key, "label": label, "paths": paths} for key, label, paths in found if paths]


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("controlroom.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["capitalize_first"] = lambda words: words[:1].upper() + words[1:]
    environment.globals.update(say=sentences, figures=figures, verdict=verdict)
    environment.globals.update(sounds=sounds, audio_url=audio_url, media_type=media_type)
    environment.globals.update(amount=sentences.format_measurement, number=figures.number)
    return environment
