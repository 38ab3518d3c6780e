"""Metric itself: what it tracks, its dtype, and calls with the state as an argument."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import config, metrics


def test_metrics_within_metrics_in_lists_and_dicts_are_tracked():
    class Group(metrics.Metric):
        def __init__(self):
            super().__init__(name="group")
            self.parts = {"b": metrics.Mean(), 1: [metrics.Sum(), {None: metrics.BinaryAccuracy()}]}
            self.more = (netlet.Variable(1.0, name="more"),)

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.parts["b"].update_state(y_pred)
            self.parts[1][0].update_state(y_pred)
            self.parts[1][1][None].update_state(y_true, y_pred)

        def result(self):
            return self.parts[1][1][None].result()

    m = Group()
    assert [v.name for v in m.variables] == ["more", "total", "count", "total", "total", "count"]
    m.update_state([[1], [0]], [[0.9], [0.9]])
    assert float(m.result()) == 0.5
    m.reset_state()
    assert not any(np.asarray(v).any() for v in m.variables)


def test_stateless_calls_leave_the_state():
    m = metrics.BinaryAccuracy()
    m.update_state([[1], [1]], [[0.9], [0.1]])
    before = [np.asarray(v).copy() for v in m.variables]
    state = m.stateless_update_state(m.variables, [[0], [0]], [[0.9], [0.9]])
    assert [float(v) for v in state] == [1, 4]
    assert float(m.stateless_result(state)) == 0.25
    assert [float(v) for v in m.stateless_reset_state()] == [0, 0]
    with pytest.raises(ValueError, match="one value for each of 2 variables, received 1"):
        m.stateless_result([1.0])
    with pytest.raises(TypeError):  # an error leaves the state, too
        m.stateless_update_state(state, [[0]], object())
    for v, b in zip(m.variables, before, strict=True):
        np.testing.assert_array_equal(np.asarray(v), b)


def test_dtypes():
    assert metrics.Mean(dtype="float16").dtype == "float16"
    assert metrics.Mean(dtype="int").dtype == "int32"
    assert metrics.Mean(dtype=config.DTypePolicy("float64")).dtype == "float64"
    assert metrics.Mean().dtype == config.floatx()
    with pytest.raises(ValueError, match="float23"):
        metrics.Mean(dtype="float23")


def test_an_array_as_the_first_value():
    m = metrics.Metric(name="m")
    np.testing.assert_array_equal(m.add_variable((2,), np.array([1.0, 2.0], "float32"), name="v"), [1, 2])
