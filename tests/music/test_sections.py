from __future__ import annotations

import numpy as np
import pytest

from controlroom.music.sections import (
    Bars,
    best_boundaries,
    checkerboard,
    find_sections,
    length_scores,
    parse_marks,
    similarity,
    standardise,
)

BAR_S = 2.0
FORM = (("intro", 4), ("verse", 8), ("chorus", 8), ("verse", 8), ("chorus", 8), ("bridge", 8), ("chorus", 8))


def bars_of(form: tuple[tuple[str, int], ...] = FORM, seed: int = 0) -> Bars:
    """Bars whose timbre and four-bar harmony loop go with the section's name."""
    rng = np.random.default_rng(seed)
    looks = {name: rng.standard_normal(12) for name, _ in form}
    loops = {name: rng.random((4, 24)) for name, _ in form}
    names = [name for name, length in form for _ in range(length)]
    place = [at for _, length in form for at in range(length)]
    timbre = np.array([looks[name] for name in names]) + 0.2 * rng.standard_normal((len(names), 12))
    harmony = np.array([loops[name][at % 4] for name, at in zip(names, place, strict=True)])
    level = np.array([-6.0 if name == "chorus" else -12.0 for name in names])
    edges = BAR_S * np.arange(len(names) + 1)
    return Bars(edges, standardise(timbre), harmony, np.zeros(len(names)), level)


def starts_of(form: tuple[tuple[str, int], ...]) -> list[float]:
    return [BAR_S * sum(length for _, length in form[:at]) for at in range(len(form))]


@pytest.mark.parametrize("seed", range(5))
def test_a_plain_form_is_found_and_its_repeats_named_alike(seed: int) -> None:
    found = find_sections(bars_of(seed=seed), "take")
    assert found is not None
    assert [s.start_s for s in found.sections] == starts_of(FORM)
    labels = [s.label for s in found.sections]
    assert labels == ["A", "B", "C", "B", "C", "D", "C"]
    assert [s.repeat_of for s in found.sections] == [None, None, None, "B", "C", None, "C"]
    assert [s.bars for s in found.sections] == [float(length) for _, length in FORM]


def test_energy_follows_level() -> None:
    found = find_sections(bars_of(), "take")
    assert found is not None
    by_label = {s.label: s.energy for s in found.sections}
    assert by_label["C"] == 1.0
    assert by_label["B"] == pytest.approx(0.7)


def test_lyric_marks_name_and_count_the_sections() -> None:
    lyrics = "\n".join(f"[{name.title()} {at}]\n" + "la la\n" * 4 for at, (name, _) in enumerate(FORM))
    found = find_sections(bars_of(), "take", lyrics)
    assert found is not None
    assert [s.label for s in found.sections] == [name for name, _ in FORM]
    assert [s.start_s for s in found.sections] == starts_of(FORM)


def test_marks_are_read_from_lines_of_their_own() -> None:
    marks = parse_marks(
        "[Intro]\n\n[Verse 1 - soft]\nI walk (alone)\n[not] a mark\n[Chorus: loud]\nOh\nOh\n[End]\n"
    )
    assert [(m.label, m.lines) for m in marks] == [("intro", 0), ("verse", 2), ("chorus loud", 2)]
    assert parse_marks(None) == ()


def test_too_few_bars_are_not_known() -> None:
    assert find_sections(bars_of((("verse", 3),)), "take") is None


def test_a_song_of_one_part_is_not_cut_to_pieces() -> None:
    form = (("verse", 8),)
    found = find_sections(bars_of(form), "take")
    assert found is not None
    assert len(found.sections) <= 2


def test_checkerboard_peaks_at_the_turn() -> None:
    matrix = np.kron(np.eye(2), np.ones((8, 8)))
    for half in (1, 2, 4):
        assert int(np.argmax(checkerboard(matrix, half))) == 8


def test_without_evidence_sections_take_the_usual_length() -> None:
    evidence = np.full(33, 6.5)
    lines = best_boundaries(evidence, length_scores(32))
    assert set(np.diff(lines)) <= {8, 16}


def test_similarity_is_symmetric_and_one_with_itself() -> None:
    for matrix in similarity(bars_of()).values():
        assert np.allclose(matrix, matrix.T)
        assert np.allclose(np.diag(matrix), 1.0)
