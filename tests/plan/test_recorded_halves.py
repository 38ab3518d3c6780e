"""Arrays of halves beside values of halves that a recorded step computes."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import ops


@pytest.mark.parametrize("function", [ops.add, ops.multiply, ops.maximum])
def test_a_numpy_half_beside_a_recorded_one(function):
    x = netlet.Input((3,), dtype="float16")
    constant = np.array([2.0, 0.1, -1.0], "float16")
    model = netlet.Model(x, function(x, constant))
    given = np.array([[1.0, 3.0, 0.5]], "float16")
    result = model.predict(given, verbose=0)
    assert result.dtype == np.float16
    np.testing.assert_array_equal(result, np.asarray(function(ops.convert_to_tensor(given), constant)))
