"""Control Room: what happens to AI-generated music after it is generated.

The public names are imported lazily: ``import controlroom`` costs nothing,
``controlroom.Studio`` brings in what it needs.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Audio": "controlroom.model.audio",
    "Answer": "controlroom.model.decisions",
    "Brief": "controlroom.model.brief",
    "Context": "controlroom.model.context",
    "ControlRoomError": "controlroom.model.errors",
    "Decision": "controlroom.model.decisions",
    "Finding": "controlroom.model.findings",
    "Listening": "controlroom.listening.listening",
    "Note": "controlroom.model.findings",
    "Policy": "controlroom.model.decisions",
    "PolicyDecider": "controlroom.model.decisions",
    "Proposal": "controlroom.model.proposals",
    "Question": "controlroom.model.decisions",
    "Render": "controlroom.model.render",
    "Reply": "controlroom.model.decisions",
    "Span": "controlroom.model.timeline",
    "Stage": "controlroom.model.proposals",
    "Standards": "controlroom.model.standards",
    "Step": "controlroom.model.proposals",
    "Studio": "controlroom.studio.studio",
    "Take": "controlroom.model.song",
    "Timeline": "controlroom.model.timeline",
}

__all__ = sorted(["__version__", *_PUBLIC])  # noqa: PLE0605 -- the names of the table above


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'controlroom' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return list(__all__)
