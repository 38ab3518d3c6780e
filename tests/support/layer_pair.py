"""A layer in netlet and in Keras: outputs and losses with equal weights."""

from __future__ import annotations

import keras
import numpy as np

import netlet


def both(name, arguments, dtype="float64", theirs=None):
    """The layer in netlet and in Keras. A constraint class among the arguments is replaced by an instance of each's."""

    def of(module):
        own = {
            k: getattr(module.constraints, v.__name__)(0.5) if isinstance(v, type) else v for k, v in arguments.items()
        }
        return getattr(module.layers, name if module is netlet else theirs or name)(**own, dtype=dtype)

    return of(netlet), of(keras)


def listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def alike(ours, theirs, args, call, rtol=3e-6, atol=1e-6):
    """Asserts equal outputs and losses with equal weights. Keras's attention computes its softmax in float32."""
    got, expected = ours(*args, **call), theirs(*args, **call)
    assert [tuple(w.shape) for w in theirs.weights] == [w.shape for w in ours.weights]
    assert [w.path.split("/")[1:] for w in theirs.weights] == [w.path.split("/")[1:] for w in ours.weights]
    theirs.set_weights(ours.get_weights())
    expected = theirs(*args, **call)
    for a, b in zip(listed(got), listed(expected), strict=True):
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=rtol, atol=atol)
    np.testing.assert_allclose(
        sum(float(np.asarray(v)) for v in ours.losses), sum(float(v) for v in theirs.losses), rtol=1e-5, atol=1e-9
    )
