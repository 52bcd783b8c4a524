"""Reading weights that strangers packed: a pickle that can run nothing.

A pickle is a program. This reader lets none of it run: opcodes outside a short
list are refused before anything is loaded, the four names that numpy writes
are answered by stand-ins of our own that only note shapes and bytes, and every
size is bounded by the shapes that are expected. numpy itself is never called
with anything that the file chose.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import pickletools
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from controlroom.model.errors import EnvironmentFault

Shapes = Mapping[str, tuple[int, ...]]

_OPCODES = frozenset(
    [
        "PROTO",
        "EMPTY_DICT",
        "MARK",
        "BINPUT",
        "LONG_BINPUT",
        "BINGET",
        "LONG_BINGET",
        "BINUNICODE",
        "GLOBAL",
        "REDUCE",
        "BUILD",
        "TUPLE",
        "TUPLE1",
        "TUPLE2",
        "TUPLE3",
        "EMPTY_TUPLE",
        "BININT",
        "BININT1",
        "BININT2",
        "NEWFALSE",
        "NEWTRUE",
        "NONE",
        "SETITEM",
        "SETITEMS",
        "STOP",
    ]
)
_MEMO_LIMIT = 1 << 16
_GLOBALS = ("numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype", "_codecs encode")


def _refuse(what: str) -> NoReturn:
    raise EnvironmentFault(
        "models.unsafe",
        f"the weight file is refused: {what}",
        "get it again with `controlroom models add spleeter`; nothing was kept",
    )


class _Array:
    """Stands in for a numpy array while it is read."""

    values: npt.NDArray[np.float32]

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) == 5):
            _refuse("an array's state is not as numpy writes it")
        _version, shape, dtype, fortran, data = state
        plain = isinstance(shape, tuple) and all(isinstance(n, int) and 0 < n <= 4096 for n in shape)
        if not plain or len(shape) > 4 or not isinstance(dtype, _Dtype) or fortran is not False:
            _refuse("an array is not plain float32")
        if not isinstance(data, bytes) or len(data) != 4 * int(np.prod(shape)):
            _refuse(f"an array of shape {shape} does not hold that many values")
        self.values = np.frombuffer(data, dtype="<f4").reshape(shape)


class _Dtype:
    """Stands in for numpy's dtype; only little-endian float32 exists."""

    def __init__(self, name: object, align: object, copy: object) -> None:
        del align, copy
        if name != "f4":
            _refuse(f"an array of type {name!r}")

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) == 8 and state[1] == "<"):
            _refuse("an array of another byte order")


class _NdArray:
    """Stands in for the name ``numpy.ndarray``; never made."""


def _reconstruct(kind: object, shape: object, code: object) -> _Array:
    del shape, code
    if kind is not _NdArray:
        _refuse("an object that is no array")
    return _Array()


def _encode(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        _refuse(f"an encoding {encoding!r}")
    return text.encode("latin1")


class _Unpickler(pickle.Unpickler):
    """Knows four names and their stand-ins; every other name is refused."""

    def find_class(self, module: str, name: str) -> Any:
        answers = dict(zip(_GLOBALS, (_reconstruct, _NdArray, _Dtype, _encode), strict=True))
        full = f"{module} {name}"
        if full not in answers:
            _refuse(f"it asks for {module}.{name}")
        return answers[full]


def _check_opcodes(data: bytes) -> None:
    for opcode, argument, _position in pickletools.genops(data):
        if opcode.name not in _OPCODES:
            _refuse(f"it holds the operation {opcode.name}")
        if opcode.name.endswith("BINPUT") and not 0 <= int(argument or 0) <= _MEMO_LIMIT:
            _refuse("it asks for an absurd amount of memory")
        if opcode.name == "GLOBAL" and argument not in _GLOBALS:
            _refuse(f"it asks for {str(argument).replace(' ', '.')}")


def read_pickle(data: bytes, shapes: Shapes) -> dict[str, npt.NDArray[np.float32]]:
    """Return the float32 arrays of a pickled dict, running none of it.

    Parameters
    ----------
    data : bytes
        The pickle: a dict of names to numpy float32 arrays, protocol 2.
    shapes : mapping
        The names and shapes that must be there, no fewer and no others.

    Returns
    -------
    dict
        Arrays in the order of ``shapes``; read-only views of the file's bytes.

    Raises
    ------
    EnvironmentFault
        ``models.unsafe``: any other opcode, global, type, name, shape or size.
    """
    values = sum(int(np.prod(shape)) for shape in shapes.values())
    # latin1 bytes ≥ 0x80 take two in UTF-8: at most 8 bytes a value, and the names around them
    if len(data) > 8 * values + 1024 * len(shapes):
        _refuse(f"{len(data)} bytes are too many for {values} values")
    try:
        _check_opcodes(data)
        table = _Unpickler(io.BytesIO(data)).load()
    except EnvironmentFault:
        raise
    except Exception as error:  # noqa: BLE001 -- a broken pickle can raise nearly anything
        _refuse(f"it can't be read ({type(error).__name__})")
    if not isinstance(table, dict) or set(table) != set(shapes):
        _refuse("it holds other arrays than expected")
    found = {}
    for name, shape in shapes.items():
        array = table[name]
        if not isinstance(array, _Array) or array.values.shape != shape:
            _refuse(f"{name} is not shaped {shape}")
        found[name] = array.values
    return found


def read_checkpoint(data: bytes, shapes: Shapes) -> dict[str, npt.NDArray[np.float32]]:
    """Return the arrays of a checkpoint: a zip that holds one ``data.pkl``.

    Raises
    ------
    EnvironmentFault
        ``models.unsafe`` if the zip is broken, holds no or several pickles, or
        the pickle inside is refused by ``read_pickle``.
    """
    limit = 8 * sum(int(np.prod(shape)) for shape in shapes.values()) + 1024 * len(shapes)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [entry for entry in archive.infolist() if entry.filename.endswith("/data.pkl")]
            if len(names) != 1:
                _refuse(f"it holds {len(names)} pickles, not one")
            inner = _bounded_read(archive, names[0], limit)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        _refuse(f"its zip is broken ({error})")
    return read_pickle(inner, shapes)


def read_members(path: Path, names: tuple[str, ...], limit: int) -> list[bytes]:
    """Return the named members of a zip, each at most ``limit`` bytes long."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [_bounded_read(archive, archive.getinfo(name), limit) for name in names]
    except KeyError as error:
        _refuse(f"{path.name} lacks {error.args[0]!r}")
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        _refuse(f"{path.name} is no readable wheel ({error})")


def _bounded_read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    # the header's size is a claim: read one byte more than allowed and look
    with archive.open(entry) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        _refuse(f"{entry.filename} is larger than {limit} bytes")
    return data


def file_sha256(path: Path) -> str:
    """Return the SHA-256 (hex) of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
