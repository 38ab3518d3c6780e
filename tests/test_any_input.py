"""Every public function × every argument × every kind of object: a right result or a named exception, never a crash.

The calls are generated from the public names (support/any_calls.py) and made in children, so that a crash is reported
as that of its call."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import netlet
from netlet import ops
from support.any_calls import GROUPS, calls, public
from support.any_input import NAMED
from support.child import WATCHDOG


@pytest.mark.parametrize("group", GROUPS)
def test_every_public_function_says_how_it_is_called(group):
    """A new name needs a row in support/any_calls.py, or the reason why it needs none."""
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


@pytest.mark.parametrize("group", GROUPS)
def test_any_input(group, tmp_path):
    log = tmp_path / "calls"
    log.touch()
    paths = os.pathsep.join(p for p in sys.path if p)
    child = subprocess.run(
        [sys.executable, "-m", "support.any_input", group, str(log)],
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
        cwd=pathlib.Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert child.returncode == 0, f"ended with {child.returncode} at {log.read_text().strip()}\n{child.stderr[-2000:]}"
    report = json.loads(child.stdout)
    assert report["arguments"] > 2
    assert report["complaints"] == []


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
