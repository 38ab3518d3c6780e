"""Arguments that netlet does not support raise an error; they are never accepted and ignored."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import callbacks, initializers, layers, metrics, ops
from netlet.saving import custom_object_scope


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.convert_to_tensor([1.0], sparse=True), ValueError, "sparse=True is not supported"),
        (lambda: ops.convert_to_tensor([1.0], ragged=True), ValueError, "ragged=True is not supported"),
        (lambda: layers.Input((3,), sparse=True), NotImplementedError, "sparse"),
        (lambda: callbacks.ReduceLROnPlateau(epsilon=1e-3), TypeError, "epsilon"),
        (lambda: initializers.Zeros()((3,), partition=1), TypeError, "partition"),
        (lambda: initializers.HeNormal()((3, 3), layout=None), TypeError, "layout"),
        (lambda: netlet.Variable(1.0, aggregation="average"), ValueError, "only_first_replica.*'average'"),
        (lambda: layers.Dense(1).add_weight((2,), aggregation="x", name="w"), ValueError, "received 'x'"),
        (lambda: metrics.Mean().add_variable((), "zeros", aggregation="x"), ValueError, "received 'x'"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_what_means_nothing_here_is_taken():
    v = netlet.Variable(1.0, autocast=False, aggregation="mean")
    assert (v.autocast, v.aggregation, v.overwrite_with_gradient) == (False, "mean", False)
    assert netlet.Variable(1.0, aggregation=None).aggregation == "none"
    ops.convert_to_tensor([1.0], sparse=False)
    layers.Input((3,), optional=False)


def test_custom_objects_reach_what_is_inside_a_recurrent_layer():
    class Twice(initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return np.full(shape, 2.0, dtype)

    with custom_object_scope({"Twice": Twice}):
        config = layers.LSTM(2, kernel_initializer=Twice()).get_config()
    layer = layers.LSTM.from_config(config, custom_objects={"Twice": Twice})
    layer.build((None, 3, 4))
    assert (layer.get_weights()[0] == 2.0).all()
