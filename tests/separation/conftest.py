"""The network, where it can be had: `make setup` gets it, and CI must have it."""

from __future__ import annotations

import os

import pytest

from controlroom.separation.spleeter import Spleeter


@pytest.fixture(scope="session")
def spleeter():
    backend = Spleeter()
    fault = backend.missing()
    if fault is not None:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have the network: {fault.message}: {fault.hint}")
        pytest.skip(f"{fault.message}: {fault.hint}")
    return backend
