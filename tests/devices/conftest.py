"""The fixture `device`: the GPUs to test on, the simulated one among them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netlet.base.device import devices
from support import simulation


def gpus() -> list[str]:
    """The GPUs of this build: "sim:0" in a developer build, "cuda:0" where there is one."""
    return [name for name in devices() if name in ("sim:0", "cuda:0")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "device" in metafunc.fixturenames:
        metafunc.parametrize("device", gpus() or [pytest.param("", marks=pytest.mark.skip("this build has no GPU"))])


@pytest.fixture(autouse=True)
def end_of_queued_work() -> Iterator[None]:
    yield
    simulation.revive()
