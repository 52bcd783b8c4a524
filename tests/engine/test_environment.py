"""The environment's mark."""

from __future__ import annotations

import pytest

from controlroom.engine import environment as where


def test_a_library_of_another_version_is_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    here = where.environment_mark()
    before = where.environment()
    monkeypatch.setattr(where, "environment", lambda: {**before, "numpy": "0.0"})
    where.environment_mark.cache_clear()
    other = where.environment_mark()
    where.environment_mark.cache_clear()
    assert here != other


def test_it_names_the_program_and_every_library_that_makes_samples() -> None:
    assert {"controlroom", "python", "numpy", "scipy", "numba", "soxr"} <= set(where.environment())
