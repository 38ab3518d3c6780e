"""`python -m netlet verify`: it passes on this machine, and it finds wrong results."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from netlet.__main__ import main
from netlet.commands.verify import functions, integers, threads


def test_all_promises_kept(capsys):
    """Samples of every binade on every instruction set, then integer products and numbers of threads."""
    before = _core.active_isa()
    assert main(["verify"]) == 0
    shown = capsys.readouterr().out
    assert "All promises kept." in shown
    for name in [*functions.FUNCTIONS, *_core.supported_isas(), "integer products", "same bits"]:
        assert name in shown
    assert _core.active_isa() == before


@pytest.mark.slow
@pytest.mark.parametrize("name", functions.FUNCTIONS)
def test_every_float(name):
    """All 2^32 float32 values: about two minutes per function."""
    for isa, worst in functions.check_function(name, _core.supported_isas(), exhaustive=True).items():
        assert worst.error <= functions.FUNCTIONS[name].bound, f"{name}({worst.at!r}) on {isa}"


def test_a_broken_promise_is_an_exit_code(monkeypatch, capsys):
    off = functions.FUNCTIONS["exp"]._replace(ours=lambda x: np.nextafter(_core.exp(x), np.float32(np.inf)))
    monkeypatch.setitem(functions.FUNCTIONS, "exp", off)
    assert main(["verify", "--functions", "exp,log"]) == 1
    captured = capsys.readouterr()
    assert captured.out.count("BROKEN on") == 1
    assert "promises broken" in captured.err


def test_wrong_products_and_bits_are_counted(monkeypatch):
    monkeypatch.setattr(integers.ops, "matmul", lambda a, b: np.full((a.shape[0], b.shape[1]), 0.5))
    assert integers.integer_products(3) == 12
    calls = iter(range(1000))
    monkeypatch.setattr(threads.ops, "tanh", lambda x: np.full(1, next(calls)))
    assert threads.same_bits_on_any_threads() == 1


def test_unknown_function(capsys):
    assert main(["verify", "--functions", "exq"]) == 2
    assert "exq" in capsys.readouterr().err


def test_errors_are_those_of_the_last_place():
    """Hand-computed errors in ULP: neighbours, the binade below, subnormals, the largest float, signed zeros, NaN."""
    tiny, largest = float(np.float32(1e-45)), float(np.finfo(np.float32).max)
    got = np.array([1, 1, tiny, np.inf, np.inf, 0, -0.0, np.nan, np.nan, np.inf, 0], np.float32)
    want = np.array([1 + 2.0**-23, 1 - 2.0**-24, 0.5 * tiny, largest, largest * 2, 0, 0, np.nan, 1])
    want = np.concatenate([want, [1.0, tiny]])
    expected = [1, 1, 0.5, 1, 0, 0, np.inf, 0, np.inf, np.inf, 1]
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(functions.errors(got, want), expected)
