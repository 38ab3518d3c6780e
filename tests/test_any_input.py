"""Every public function × argument × kind of object: a correct result or an exception of a known type, never a crash.

The calls are generated from the public names (support/any_calls.py) and made in child processes, so that a crash is
reported together with its call.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import netlet
from netlet import ops
from support.any_calls import GROUPS, calls, public
from support.any_input import NAMED
from support.child import WATCHDOG


@pytest.mark.parametrize("group", GROUPS)
def test_every_public_function_says_how_it_is_called(group):
    """A new public function needs valid calls in support/any_calls.py, or an entry there that says why not."""
    functions = public(group)
    assert functions
    unknown = []
    for name, function in functions.items():
        try:
            for args, kwargs in calls(name, function):
                function(*args, **kwargs)
        except KeyError:
            unknown.append(name)
    assert unknown == []


class Caller:
    """A child process that makes the calls; it is started on first use and restarted after a crash."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.log, self.errors = folder / "calls", folder / "stderr"
        self.child: subprocess.Popen[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        self.log.write_text("")
        paths = os.pathsep.join(p for p in sys.path if p)
        with self.errors.open("w") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "support.any_input", str(self.log)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=pathlib.Path(__file__).parent,
                env={**os.environ, "PYTHONPATH": paths},
            )

    def report(self, group: str, name: str) -> dict[str, Any]:
        """The report of support.any_input on a function. Fails if the child crashes or exceeds WATCHDOG."""
        child = self.child = self.child or self.start()
        assert child.stdin is not None
        assert child.stdout is not None
        watchdog = threading.Timer(WATCHDOG, child.kill)
        watchdog.start()
        try:
            child.stdin.write(f"{group} {name}\n")
            child.stdin.flush()
            answer = child.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            watchdog.cancel()
        if not answer:
            self.close()
            pytest.fail(
                f"the child ended with {child.returncode} at {self.log.read_text().strip()}\n"
                f"{self.errors.read_text()[-2000:]}"
            )
        return json.loads(answer)

    def close(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.communicate()
            self.child = None


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    caller = Caller(tmp_path_factory.mktemp("any_input"))
    yield caller
    caller.close()


@pytest.mark.parametrize(("group", "name"), [(group, name) for group in GROUPS for name in public(group)])
def test_any_input(caller, group, name):
    report = caller.report(group, name)
    assert report["arguments"] > 0
    assert report["complaints"] == []


def test_a_crash_names_its_call_and_the_next_report_has_a_new_child(caller):
    with pytest.raises(pytest.fail.Exception, match="the child ended with"):
        caller.report("no group", "of that name")
    assert caller.report("random", "uniform")["arguments"] > 0


@pytest.mark.parametrize("shape", [(2**62, 4), (2**40, 2**40), (-2, 3), (2.5, 2), ("a",), (np.nan,)], ids=str)
def test_impossible_shapes(shape):
    for make in (ops.zeros, ops.ones, lambda s: ops.broadcast_to(np.ones(1), s), lambda s: ops.reshape(np.ones(6), s)):
        with pytest.raises(NAMED):
            make(shape)


def test_widths_whose_sum_leaves_64_bits():
    with pytest.raises(ValueError, match="too many elements"):
        ops.pad(np.ones(4), [(2**62, 2**62)])


def test_one_array_given_twice_and_overlapping_ones():
    x = np.arange(12.0)
    np.testing.assert_array_equal(ops.add(x[:-1], x[1:]), x[:-1] + x[1:])
    np.testing.assert_array_equal(ops.multiply(x, x), x * x)
    np.testing.assert_array_equal(ops.concatenate([x[2:], x[:2], x]), np.concatenate([x[2:], x[:2], x]))
    t = netlet.ops.convert_to_tensor(x)
    np.testing.assert_array_equal(ops.subtract(t, t).numpy(), x - x)
