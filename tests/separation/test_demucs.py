from __future__ import annotations

import numpy as np
import pytest

from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import EnvironmentFault
from controlroom.separation import demucs as module
from controlroom.separation.demucs import Demucs


def take(frames=44_100, rate_hz=44_100, channels=2):
    return Audio(np.random.default_rng(5).uniform(-0.3, 0.3, (channels, frames)).astype(np.float32), rate_hz)


def test_without_the_package_the_command_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    fault = Demucs(repo=tmp_path).missing()
    assert fault is not None
    assert fault.code == "separation.no-demucs"
    assert "pip install" in fault.hint
    with pytest.raises(EnvironmentFault):
        Demucs(repo=tmp_path).separate(take(), Context())


@pytest.mark.parametrize("name, author", [("htdemucs", "HTDemucs"), ("htdemucs_6s", "HTDemucs-6s")])
def test_without_weights_the_exact_command_is_named(monkeypatch, tmp_path, name, author):
    monkeypatch.setattr(module, "find_spec", lambda _: object())
    fault = Demucs(name, tmp_path).missing()
    assert fault is not None
    assert fault.code == "separation.no-demucs-weights"
    assert fault.hint == f"hf download adefossez/{author} --local-dir {tmp_path}"


@pytest.fixture
def tiny(tmp_path):
    torch = pytest.importorskip("torch")
    hdemucs = pytest.importorskip("demucs.hdemucs")
    from demucs.states import save_with_checksum

    torch.manual_seed(0)
    words = {"sources": ["drums", "bass", "other", "vocals"], "channels": 4, "segment": 2}
    network = hdemucs.HDemucs(**words)
    package = {
        "klass": hdemucs.HDemucs,
        "args": (),
        "kwargs": words,
        "state": network.state_dict(),
        "training_args": {},
    }
    save_with_checksum(package, tmp_path / "tiny.th")
    return tmp_path


@pytest.mark.extras
@pytest.mark.parametrize("rate_hz, channels", [(44_100, 2), (48_000, 1)])
def test_a_tiny_network_separates_at_the_takes_rate_and_length(tiny, rate_hz, channels):
    audio = take(40_000, rate_hz, channels)
    found = Demucs("tiny", tiny).separate(audio, Context())
    assert set(found) == {"drums", "bass", "other", "vocals"}
    for stem in found.values():
        assert stem.samples.shape == audio.samples.shape
        assert stem.rate_hz == rate_hz


@pytest.mark.extras
def test_levels_are_native(tiny):
    quiet = Audio(take().samples * np.float32(0.125), 44_100)
    loud, soft = (Demucs("tiny", tiny).separate(a, Context())["bass"].samples for a in (take(), quiet))
    np.testing.assert_allclose(soft * 8, loud, atol=1e-4 * np.abs(loud).max())


@pytest.mark.extras
def test_a_hub_file_that_asks_for_another_class_is_refused(tiny):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    notes = {"klass": "os.system", "args": '["true"]', "kwargs": "{}"}
    save_file({"x": torch.zeros(1)}, tiny / "evil.safetensors", metadata=notes)
    (tiny / "evil.yaml").write_text("models: [evil]\n")
    with pytest.raises(EnvironmentFault, match=r"os\.system"):
        Demucs("evil", tiny).separate(take(), Context())
