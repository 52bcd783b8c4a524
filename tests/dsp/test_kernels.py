from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from controlroom.dsp import kernels


@pytest.fixture(autouse=True)
def _variable(monkeypatch):
    monkeypatch.delenv(kernels.VARIABLE)


def test_kernels_are_kept_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kernels.use_kernel_cache()
    assert os.environ[kernels.VARIABLE] == str(tmp_path / "controlroom" / "numba")


@pytest.mark.parametrize("home", ["a file", "none"])
def test_where_no_cache_can_be_written_they_are_made_for_the_run(monkeypatch, tmp_path, home):
    def folder(*_: object) -> str:
        if home == "none":
            raise RuntimeError("could not determine the home directory")
        (tmp_path / "file").touch()
        return str(tmp_path / "file")

    later: list[tuple[object, ...]] = []
    monkeypatch.setattr(platformdirs, "user_cache_dir", folder)
    monkeypatch.setattr(kernels.atexit, "register", lambda *call: later.append(call))
    monkeypatch.chdir(tmp_path)
    assert not kernels.use_kernel_cache()
    made = Path(os.environ[kernels.VARIABLE])
    assert made.is_absolute()
    assert made.stat().st_mode & 0o077 == 0  # what lies there is run
    remove, *given = later[0]
    remove(*given)
    assert not made.exists()
    assert not (tmp_path / "~").exists()


@pytest.mark.slow
def test_a_kernel_is_compiled_where_no_cache_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    code = (
        "import numba, controlroom.dsp as dsp; from controlroom.studio.first_run import UNKEPT, compiling;"
        "assert not dsp.KERNELS_ARE_KEPT; assert compiling() == UNKEPT;"
        "import controlroom.dsp.k_weighting"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]  # it is gone with the run
