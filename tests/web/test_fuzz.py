"""A thousand requests drawn from the page's own OpenAPI, good and bad: told apart, never a fault, nothing outside touched.

Jobs are noted and not run (their own tests run them), and what a warm process
would do is done here, so that a fault shows itself.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from controlroom.web.bench import Bench
from controlroom.web.jobs import Job, Runner
from tests.web.figures import note

REQUESTS = 1500
LEAST = 1500
pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(600)]

AWKWARD = st.sampled_from(
    [
        "", "..", "../../etc/passwd", "%2e%2e", "a/b", "\u0000", "\udcff", "💿", "' OR 1=1 --", "<script>", "mix", "take",
        "vocals", "p-", "r-0", "A" * 5000, "-1", "0", "1", "1e309", "NaN", "null", "true",
    ]
)  # fmt: skip
WORDS = st.one_of(AWKWARD, st.text(max_size=40))
NUMBERS = st.one_of(
    st.integers(-(2**65), 2**65),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 1, 2, 3.5, 1e308, -0.0]),
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)


class Noted(Runner):
    """Notes jobs and runs none."""

    def start(self, kind: str, song: str, work: Any, *arguments: Any, after: Any = None) -> Job:
        del work, arguments, after
        return Job("0" * 12, kind, song, state="done")


class Here(Bench):
    """Does the warm process's work in this one."""

    async def do(self, work: Any, *arguments: Any) -> Any:
        return work(*arguments)


Parts = dict[str, Any]
Known = dict[str, list[str]]


def an_object(schema: Parts, parts: Parts, known: Known) -> st.SearchStrategy[Any]:
    fields = schema.get("properties")
    if fields is None:
        values = as_described(schema.get("additionalProperties") or {}, parts, known)
        names = st.sampled_from(["gain_db", "left", "a.wav", *known["proposal"]])
        return st.dictionaries(names, values, max_size=3)
    needed = set(schema.get("required", ()))
    drawn = {name: named(name, one, parts, known) for name, one in fields.items()}
    return st.fixed_dictionaries(
        {name: one for name, one in drawn.items() if name in needed},
        optional={name: one for name, one in drawn.items() if name not in needed},
    )


def an_array(schema: Parts, parts: Parts, known: Known) -> st.SearchStrategy[Any]:
    inside = named("sounds", schema.get("items", {}), parts, known)
    return st.lists(inside, min_size=schema.get("minItems", 0), max_size=4)


def whole_number(schema: Parts, _parts: Parts, _known: Known) -> st.SearchStrategy[Any]:
    low, high = schema.get("minimum", -1000), schema.get("maximum", 10000)
    return st.integers(int(low), int(min(high, 10**9)))


TYPES = {
    "object": an_object,
    "array": an_array,
    "integer": whole_number,
    "number": lambda *given: st.one_of(st.floats(0, 8), whole_number(*given).map(float)),
    "boolean": lambda *_given: st.booleans(),
    "null": lambda *_given: st.none(),
    "string": lambda *_given: st.one_of(
        st.sampled_from(["mix", "gain", "0" * 16]), st.text(min_size=1, max_size=20)
    ),
}


def as_described(schema: Parts, parts: Parts, known: Known) -> st.SearchStrategy[Any]:
    """Return values that a schema allows, roughly; ids that exist are drawn often."""
    if "$ref" in schema:
        return as_described(parts[schema["$ref"].rpartition("/")[2]], parts, known)
    if "anyOf" in schema:
        return st.one_of(*(as_described(one, parts, known) for one in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    drawn = TYPES.get(schema.get("type", ""))
    return drawn(schema, parts, known) if drawn else ANYTHING


def named(name: str, schema: dict[str, Any], parts: dict[str, Any], known: Known) -> st.SearchStrategy[Any]:
    drawn = as_described(schema, parts, known)
    return st.one_of(st.sampled_from(known[name]), drawn) if known.get(name) else drawn


def on_disk(root: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in root.rglob("*") if p.is_file()}


def test_nothing_that_is_asked_breaks_the_page(console, tmp_path, monkeypatch):
    room = console.app.state.room
    object.__setattr__(room, "runner", Noted(room.hub))
    object.__setattr__(room, "bench", Here())
    described = console.app.openapi()
    parts = described["components"]["schemas"]
    desk = console.studio().desk(console.root)
    known = {
        "song": [console.song.rpartition("/")[2]],
        "proposal": [card.proposal.id for card in desk.cards],
        "processor": ["gain", "tone", "rumble", "limiter"],
        "part": ["mix"],
        "kind": [card.proposal.kind for card in desk.cards],
        "sound": [sound.id for sound in console.studio().sounds(console.root).values()],
        "sounds": [sound.id for sound in console.studio().sounds(console.root).values()],
        "role": ["reference", "stems"],
    }
    asked = [
        (method, path, told)
        for path, methods in described["paths"].items()
        for method, told in methods.items()
    ]
    assert len(asked) > 35
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "other.txt").write_text("not yours")
    before = on_disk(outside)
    others = {path.name for path in console.workspace.parent.iterdir()}
    seen: Counter[int] = Counter()

    @settings(
        max_examples=REQUESTS,
        deadline=None,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def ask(data):
        method, path, told = data.draw(st.sampled_from(asked))
        query, headers = {}, {"accept": data.draw(st.sampled_from(["application/json", "text/html", "*/*"]))}
        for one in told.get("parameters", ()):
            exists = known.get(one["name"]) and data.draw(st.integers(0, 9)) < 8  # else all would be 404
            odd = st.one_of(named(one["name"], one["schema"], parts, known), WORDS)
            value = data.draw(st.sampled_from(known[one["name"]]) if exists else odd)
            text = str(value).encode("utf-8", "replace").decode()
            if one["in"] == "path":
                path = path.replace("{" + one["name"] + "}", quote(text, safe="") or "-")
            elif one["in"] == "query" and (one.get("required") or data.draw(st.booleans())):
                query[one["name"]] = text
        body: bytes | None = None
        if "requestBody" in told:
            schema = told["requestBody"]["content"]["application/json"]["schema"]
            value = data.draw(
                st.one_of(as_described(schema, parts, known), as_described(schema, parts, known), ANYTHING)
            )
            body = json.dumps(value).encode()
            headers["content-type"] = "application/json"
        elif method == "post":
            body = data.draw(st.binary(max_size=200))
        answer = console.client.request(
            method, path, params=query, content=body, headers=headers, follow_redirects=False
        )
        seen[answer.status_code] += 1
        assert answer.status_code < 500, (method, path, body, answer.text[:400])
        assert "Traceback" not in answer.text[:20000]
        if answer.status_code >= 400 and method != "head":
            assert set(answer.json()["error"]) == {"code", "message", "hint", "exit_code"}

    ask()
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(seen.items()))
    note("Requests drawn from the OpenAPI, by status", f"{seen.total()} ({counts})", "no 5xx")
    assert seen.total() >= LEAST
    good = sum(count for status, count in seen.items() if status < 300)
    assert good > LEAST // 5, seen  # it is not only the refusals that were tried
    assert on_disk(outside) == before
    assert {path.name for path in console.workspace.parent.iterdir()} == others
    assert console.studio().verify(console.root)
