"""tools/soak.py finds what grows. (It runs for 24 minutes of CPU time in tools/nightly.sh.)"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import multiprocessing
import os
import threading

import pytest

from support.repo import ROOT

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="reads Linux's /proc")


@pytest.fixture
def soak(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("soak")


def test_a_model_leaves_no_file_behind(soak, tmp_path):
    soak.cycle(soak.branches(), tmp_path, eager=False)
    assert soak.sample(tmp_path).temporary == 0


@contextlib.contextmanager
def waiting_thread():
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield
    end.set()
    thread.join()


def test_each_count_sees_what_it_counts(soak, tmp_path):
    with contextlib.ExitStack() as held:
        before = soak.sample(tmp_path)
        held.enter_context(open(tmp_path / "a", "w"))
        held.enter_context(waiting_thread())
        kept = [[] for _ in range(2000)]
        kept += [multiprocessing.get_context("fork").Semaphore(), bytearray(b"x" * (1 << 24))]
        after = soak.sample(tmp_path)
    seen = {name for name in soak.SLACK if getattr(after, name) > getattr(before, name)}
    assert kept and seen == set(soak.SLACK)


def test_growth_is_found(soak):
    steady = [soak.Sample(100.0 + i % 3, 50_000 + i % 2, 5, 2, 1, 0) for i in range(30)]
    assert soak.growth(steady) == {}
    for what, slack in soak.SLACK.items():
        grows = [dataclasses.replace(s, **{what: getattr(s, what) + i * (slack + 1) / 9}) for i, s in enumerate(steady)]
        assert list(soak.growth(grows)) == [what]
