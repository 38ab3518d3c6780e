"""Threads change places as often as Python can, so that short rounds find what would otherwise take hours."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from netlet import Variable, _core


@pytest.fixture(autouse=True)
def often_switched() -> Iterator[None]:
    interval, threads = sys.getswitchinterval(), _core.get_num_threads()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)
    _core.set_num_threads(threads)


@pytest.fixture
def switched_at_assignments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each assignment to a Variable lets the other threads run, so that they see what is between two assignments."""
    assign = Variable.assign

    def assign_and_wait(self: Variable, value: object) -> Variable:
        assign(self, value)
        time.sleep(1e-4)
        return self

    monkeypatch.setattr(Variable, "assign", assign_and_wait)
