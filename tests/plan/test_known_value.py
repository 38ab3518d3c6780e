"""Values that depend only on constants can be read while a step is recorded."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops


class Masked(layers.Layer):
    """Builds a mask from ops as Keras's examples do, tiles it by a computed shape, and reads its values in `call`."""

    def call(self, x):
        n = x.shape[1]
        i, j = ops.arange(n)[:, None], ops.arange(n)
        mask = ops.cast(i >= j, "int32")
        repeats = ops.concatenate([ops.expand_dims(1, -1), ops.convert_to_tensor([1, 1])], 0)
        mask = ops.tile(ops.reshape(mask, (1, n, n)), repeats)
        assert int(ops.sum(mask)) == n * (n + 1) // 2
        assert bool(ops.all(np.asarray(mask)[0] == np.tri(n)))
        return ops.matmul(ops.cast(mask, x.dtype), x)


def test_a_layer_reads_what_it_computed_from_constants():
    model = netlet.Sequential([netlet.Input((4, 2)), Masked()])
    x = np.random.default_rng(0).standard_normal((3, 4, 2)).astype("float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), np.cumsum(x, 1), rtol=1e-5, atol=1e-6)


def test_long_sums_are_those_of_an_eager_op():
    x = np.random.default_rng(0).standard_normal(100_000).astype("float32")
    with _core.Tape(record=True):
        y = ops.sum(ops.square(x))
        assert y.recorded
        assert float(y) == float(np.asarray(y))
        recorded = float(y)
    assert recorded == float(ops.sum(ops.square(x)))


def test_what_a_step_changes_has_no_value_yet():
    v = netlet.Variable(2.0)
    with _core.Tape(record=True) as tape:
        x = tape.input((2, 3), "float32", "x")
        fed = tape.feed((2, 3), "uint8", "float32", "y")
        for y in (
            ops.square(x),
            fed,
            ops.sum(fed * 2.0),
            v * 3.0,
            ops.reshape(v.value, (1,)) + 1.0,
            netlet.random.normal((2,)),
            ops.concatenate([ops.ones((2, 3)), x], 0),
        ):
            with pytest.raises(RuntimeError, match="no value yet"):
                np.asarray(y)
