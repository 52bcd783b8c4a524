from __future__ import annotations

import hashlib
import json
from importlib import import_module

import numpy as np
import pytest

from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import EnvironmentFault, UsageError
from controlroom.separation.form import Backend, BackendChoice, backend
from controlroom.separation.onnx_network import Description, OnnxNetwork, backward, forward
from controlroom.studio.separating import Separated, SeparatedParts, _written, for_song
from tests.tolerances import FFT32, FLOAT32

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

BASE = {
    "schema": "controlroom-network-description/1",
    "name": "tiny",
    "licence": "ours",
    "file": "tiny.onnx",
    "rate_hz": 44_100,
    "channels": 2,
}
WAVE = BASE | {
    "kind": "waveform",
    "stems": ["vocals", "accompaniment"],
    "segment_frames": 4096,
    "overlap": 0.25,
}
SPECTRUM = BASE | {
    "kind": "spectrum",
    "stems": ["vocals"],
    "rest": "accompaniment",
    "segment_frames": 4096,
    "window": 1024,
    "hop": 256,
    "bins": 513,
}


def tiny(folder, words, wave_out=(1, 2, 2, 4096)):
    """A network of our own: the waveform kind gives 1/4 and 3/4 of its input, the spectrum kind the input."""
    onnx = import_module("onnx")
    make, float32 = onnx.helper, onnx.TensorProto.FLOAT
    if words["kind"] == "waveform":
        shape_in, shape_out = [1, 2, words["segment_frames"]], list(wave_out)
        shares = onnx.numpy_helper.from_array(np.array([0.25, 0.75], np.float32).reshape(1, 2, 1, 1), "k")
        axes = onnx.numpy_helper.from_array(np.array([1], np.int64), "axes")
        nodes = [make.make_node("Unsqueeze", ["x", "axes"], ["u"]), make.make_node("Mul", ["u", "k"], ["y"])]
        constants = [shares, axes]
    else:
        shape_in = shape_out = [1, 4, 513, 17]
        nodes, constants = [make.make_node("Identity", ["x"], ["y"])], []
    ends = [make.make_tensor_value_info(n, float32, s) for n, s in (("x", shape_in), ("y", shape_out))]
    graph = make.make_graph(nodes, "tiny", ends[:1], ends[1:], constants)
    data = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8).SerializeToString()
    (folder / "tiny.onnx").write_bytes(data)
    path = folder / "tiny.json"
    path.write_text(json.dumps({"sha256": hashlib.sha256(data).hexdigest()} | words))
    return path


def take(frames=30_000, channels=2, rate_hz=44_100):
    return Audio(np.random.default_rng(4).uniform(-0.5, 0.5, (channels, frames)).astype(np.float32), rate_hz)


def test_segments_of_a_waveform_network_join_without_a_seam(tmp_path):
    found = OnnxNetwork(tiny(tmp_path, WAVE)).separate(take(), Context())
    np.testing.assert_allclose(found["vocals"].samples, take().samples * 0.25, atol=FLOAT32)
    np.testing.assert_allclose(found["accompaniment"].samples, take().samples * 0.75, atol=FLOAT32)


@pytest.mark.parametrize("frames", [1, 100, 4096, 4097, 7168, 10_001])
def test_any_length_comes_back(tmp_path, frames):
    found = OnnxNetwork(tiny(tmp_path, WAVE)).separate(take(frames), Context())
    np.testing.assert_allclose(found["vocals"].samples, take(frames).samples * 0.25, atol=FLOAT32)


def test_a_spectrum_network_and_its_rest(tmp_path):
    found = OnnxNetwork(tiny(tmp_path, SPECTRUM)).separate(take(), Context())
    np.testing.assert_allclose(found["vocals"].samples, take().samples, atol=FFT32)
    total = found["vocals"].samples + found["accompaniment"].samples
    np.testing.assert_allclose(total, take().samples, atol=FLOAT32)


def test_mono_and_another_rate_come_back_as_they_came(tmp_path):
    mono = take(20_000, channels=1, rate_hz=48_000)
    found = OnnxNetwork(tiny(tmp_path, WAVE)).separate(mono, Context())
    assert found["vocals"].samples.shape == mono.samples.shape
    assert found["vocals"].rate_hz == 48_000


def test_the_spectrum_and_back_is_the_identity():
    told = Description.from_document({"sha256": "0" * 64} | SPECTRUM)
    piece = take(4096).samples
    np.testing.assert_allclose(backward(forward(piece, told), told), piece, atol=FFT32)


def test_another_file_than_described_is_refused(tmp_path):
    path = tiny(tmp_path, WAVE)
    (tmp_path / "tiny.onnx").write_bytes((tmp_path / "tiny.onnx").read_bytes() + b"\0")
    with pytest.raises(EnvironmentFault) as caught:
        OnnxNetwork(path).separate(take(), Context())
    assert caught.value.code == "models.hash"


def test_what_is_no_network_is_refused(tmp_path):
    path = tiny(tmp_path, WAVE)
    (tmp_path / "tiny.onnx").write_bytes(b"no network")
    path.write_text(json.dumps(WAVE | {"sha256": hashlib.sha256(b"no network").hexdigest()}))
    with pytest.raises(EnvironmentFault) as caught:
        OnnxNetwork(path).separate(take(), Context())
    assert caught.value.code == "separation.network-refused"


def test_an_answer_of_another_shape_is_refused(tmp_path):
    path = tiny(tmp_path, WAVE)
    words = json.loads(path.read_text()) | {"stems": ["vocals", "drums", "bass"]}
    path.write_text(json.dumps(words))
    with pytest.raises(EnvironmentFault, match="answers with"):
        OnnxNetwork(path).separate(take(), Context())


def test_an_absent_network_is_named(tmp_path):
    path = tiny(tmp_path, WAVE)
    (tmp_path / "tiny.onnx").unlink()
    fault = OnnxNetwork(path).missing()
    assert fault is not None
    assert fault.code == "separation.no-network"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "magic"},
        {"sha256": "abc"},
        {"stems": []},
        {"schema": "other/1"},
        {"overlap": 0.9},
        {"surprise": 1},
        {"kind": "spectrum", "stems": ["vocals"], "segment_frames": 4097},
    ],
)
def test_a_description_that_is_off_is_refused(tmp_path, change):
    path = tmp_path / "d.json"
    path.write_text(json.dumps({"sha256": "0" * 64} | WAVE | change))
    with pytest.raises(Exception) as caught:  # noqa: PT011 -- a UsageError or, for its schema, a SongError
        OnnxNetwork(path).read()
    assert caught.value.code in {"separation.description", "schema.unknown"}


@pytest.mark.parametrize("text", ["", "[1]", "{", "null"])
def test_a_description_that_is_no_object_is_refused(tmp_path, text):
    path = tmp_path / "d.json"
    path.write_text(text)
    with pytest.raises(UsageError):
        OnnxNetwork(path).read()


@pytest.mark.parametrize("name", ["spleeter", "parts", "demucs"])
def test_every_backend_obeys_the_form(name):
    found = backend(BackendChoice(name))
    assert isinstance(found, Backend)
    assert found.facts.name == name
    assert found.facts.licence
    assert found.facts.stems


def test_unknown_backends_and_a_missing_model_are_refused():
    with pytest.raises(UsageError, match="magic"):
        backend(BackendChoice("magic"))
    with pytest.raises(UsageError, match="no network"):
        backend(BackendChoice("onnx"))


def test_nothing_heavy_is_imported_with_the_backends():
    import subprocess
    import sys

    code = (
        "import sys, controlroom.separation.form, controlroom.separation.spleeter, controlroom.separation.parts,"
        "controlroom.separation.demucs, controlroom.separation.onnx_network, controlroom.separation.imported,"
        "controlroom.separation.trust;"
        "print([m for m in ('onnxruntime', 'onnx', 'scipy.signal', 'scipy.fft', 'torch', 'av', 'soxr') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


EVIL = ("../../evil", "/tmp/evil", "a/b\\c", "..", "", "con", "x" * 300, "vocals\0.exe", "C:evil", "🎤")


@pytest.mark.parametrize("name", EVIL)
def test_a_name_of_a_networks_stem_stays_inside_the_folder(tmp_path, name):
    stems = {name: Audio(np.full((1, 100), 0.5, np.float32), 44_100)}
    out = tmp_path / "deep" / "out"
    (path,) = _written(out, stems).values()
    assert path.parent == out
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]
    assert path.name.isprintable()
    assert len(path.name.encode()) < 120


def test_files_that_lie_there_are_never_written_over(tmp_path):
    one, two = (Audio(np.full((1, 100), x, np.float32), 44_100) for x in (0.5, 0.25))
    (tmp_path / "vocals.wav").write_bytes(b"a person's own")
    (tmp_path / "bass.wav").symlink_to(tmp_path.parent / "elsewhere.wav")
    first = _written(tmp_path, {"vocals": one, "bass": one})
    assert {path.name for path in first.values()} == {"vocals (2).wav", "bass (2).wav"}
    assert (tmp_path / "vocals.wav").read_bytes() == b"a person's own"
    assert not (tmp_path.parent / "elsewhere.wav").exists()
    assert _written(tmp_path, {"vocals": one}) == {"vocals": tmp_path / "vocals (2).wav"}  # the same again
    other = _written(tmp_path, {"vocals": two, "vocals/": two})
    assert [path.name for path in other.values()] == ["vocals (3).wav", "vocals (4).wav"]
    told = Separated("onnx", "ours", first)
    assert set(told.renamed) == {"vocals", "bass"}


@pytest.mark.parametrize("off", [{"stems": ["a", "A"]}, {"rest": "vocals"}, {"stems": ["vocals", " "]}])
def test_stems_of_one_name_are_refused(tmp_path, off):
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(WAVE | {"sha256": "0" * 64} | off))
    with pytest.raises(UsageError, match="a name of its own") as caught:
        OnnxNetwork(path).read()
    assert caught.value.code == "separation.description"


def test_a_song_takes_a_networks_stems_by_its_own_roles():
    sound = Audio(np.ones((1, 10), np.float32), 44_100)

    def made(*names: str) -> SeparatedParts:
        return SeparatedParts("ours", dict.fromkeys(names, sound), dict.fromkeys(names, "onnx"))

    assert set(for_song(made("Lead Vocals", "piano", "other")).sounds) == {"vocals", "keyboard", "other"}
    for names in (("../../evil",), ("speech", "bass"), ("vox", "vocals"), ("no bass",)):
        with pytest.raises(UsageError, match="no part that a song knows") as caught:
            for_song(made(*names))
        assert caught.value.code == "separation.unknown-role"
