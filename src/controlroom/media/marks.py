"""What the strings of a file's tags say of its generator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from controlroom.model.song import Tags

_TEXTS = ("title", "artist", "album", "lyrics", "encoder", "url", "aigc")
_SUNO = re.compile(r"made (?:with|by) suno\b", re.IGNORECASE)
_CREATED = re.compile(r"\bcreated=([0-9T:.+Z-]{10,40})")
_ID = re.compile(r"\bid=([0-9a-fA-F-]{8,64})")
_SUNO_URL = re.compile(r"suno\.(?:com|ai)/song/([0-9a-fA-F-]{8,64})", re.IGNORECASE)
_PRODUCER = re.compile(r'"ContentProducer"\s*:\s*"([^"\\]{1,80})"')
_PRODUCE_ID = re.compile(r'"ProduceID"\s*:\s*"([^"\\]{1,80})"')
_ANONYMOUS_ARTISTS = {"udio": "udio", "suno": "suno", "suno ai": "suno"}


def judge(found: Mapping[str, Any]) -> Tags:
    """Read the generator's marks out of the strings that `controlroom.media.tags` found.

    Parameters
    ----------
    found : mapping
        What came from the child: strings by meaning, possibly none at all.

    Returns
    -------
    Tags
        `generator` is ``suno``, ``udio`` or the lower-case producer named in an AIGC label.
    """
    comments = [str(text) for text in found.get("comments", ())]
    texts = {name: str(found[name]) if found.get(name) else None for name in _TEXTS}
    comment = next((text for text in comments if _SUNO.search(text)), None)
    marked = comment or ""
    created, identity = _CREATED.search(marked), _ID.search(marked)
    url = _SUNO_URL.search(texts["url"] or "")
    generator = None
    generator_id = identity.group(1) if identity else None
    if comment or url:
        generator = "suno"
        generator_id = generator_id or (url.group(1) if url else None)
    elif texts["aigc"] is not None and (producer := _PRODUCER.search(texts["aigc"])):
        generator = producer.group(1).lower()
        produced = _PRODUCE_ID.search(texts["aigc"])
        generator_id = produced.group(1) if produced else None
    elif texts["artist"] is not None:
        generator = _ANONYMOUS_ARTISTS.get(texts["artist"].lower())
    return Tags(
        title=texts["title"],
        artist=texts["artist"],
        album=texts["album"],
        comment=comment or next(iter(comments), None),
        generator=generator,
        generator_id=generator_id,
        generator_created=created.group(1) if created else None,
        generator_url=texts["url"] if url else None,
        lyrics=texts["lyrics"],
        aigc=texts["aigc"],
        has_c2pa=bool(found.get("has_c2pa")),
        encoder=texts["encoder"],
    )
