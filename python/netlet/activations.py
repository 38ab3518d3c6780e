"""Activation functions with Keras's names and defaults. The result has x's shape, except that glu halves an axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netlet.base.missing import explain_missing

from . import ops
from .ops import (
    celu,
    elu,
    exponential,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from .saving.identifiers import Table

# `threshold` is also the name of an argument of relu.
_threshold_op = threshold


def linear(x: Any) -> Any:
    """The identity: returns x unchanged, as the object that it is.

    Args:
        x: anything.

    Returns:
        x.

    >>> linear(3.0)
    3.0
    """
    return x


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Rectified linear unit: max(x, 0) by default.

    In general: x for threshold <= x < max_value, max_value for larger x, negative_slope * (x - threshold) for smaller.

    Args:
        x: array or Tensor.
        negative_slope: slope below the threshold; default 0.
        max_value: upper limit of the result; default None, no limit.
        threshold: values below it are damped; default 0.

    Returns:
        A Tensor of x's shape.

    >>> import numpy as np
    >>> relu(np.array([-2.0, 0.5, 9.0]), negative_slope=0.5, max_value=6.0).numpy()
    array([-1. ,  0.5,  6. ])
    """
    if threshold == 0.0 and max_value is None:
        return ops.relu(x) if negative_slope == 0.0 else ops.leaky_relu(x, negative_slope)
    return ops.relu_general(x, negative_slope, max_value, threshold)


def gelu(x: Any, approximate: bool = False) -> Any:
    """Gaussian error linear unit (Hendrycks and Gimpel, 2016): x * Phi(x).

    Phi is the cumulative distribution function of the normal distribution.

    Args:
        x: array or Tensor.
        approximate: whether to use the tanh approximation; default False.

    Returns:
        A Tensor of x's shape.

    >>> import numpy as np
    >>> gelu(np.array([0.0, 1.0])).round(4).numpy()
    array([0.    , 0.8413])
    """
    return ops.gelu(x, approximate)


OBJECTS: dict[str, Callable[..., Any]] = {
    fn.__name__: fn
    for fn in (
        celu,
        elu,
        exponential,
        gelu,
        glu,
        hard_shrink,
        hard_sigmoid,
        hard_silu,
        hard_tanh,
        leaky_relu,
        linear,
        log_sigmoid,
        log_softmax,
        mish,
        relu,
        relu6,
        selu,
        sigmoid,
        silu,
        soft_shrink,
        softmax,
        softplus,
        softsign,
        sparse_plus,
        sparse_sigmoid,
        sparsemax,
        squareplus,
        tanh,
        tanh_shrink,
        _threshold_op,
    )
}
swish, hard_swish = silu, hard_silu
OBJECTS.update(swish=silu, hard_swish=hard_silu)
_table = Table("activation", dict(OBJECTS))


def serialize(activation: Any) -> Any:
    """Returns the name of a built-in or registered function, or the config dict of an object.

    Args:
        activation: an activation function or callable object.

    >>> serialize(relu)
    'relu'
    """
    config = _table.serialize(activation)
    if isinstance(config, dict) and config["class_name"] == "function":
        return config["config"] if OBJECTS.get(config["config"]) is activation else config["registered_name"]
    return config


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the activation of a name or config dict.

    Args:
        config: what `serialize` returned.
        custom_objects: classes and functions by name, in addition to netlet's own and registered ones; default none.

    >>> deserialize("relu") is relu
    True
    """
    return _table.deserialize(config, custom_objects)


def get(identifier: Any) -> Callable[..., Any]:
    """Returns an activation.

    Args:
        identifier: a name, a config dict, a callable, or None for `linear`.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> get("relu") is relu, get(None) is linear
    (True, True)
    """
    if identifier is None:
        return linear
    found: Callable[..., Any] = _table.get(identifier)
    return found


# Activations that `ops.dense` fuses into its matrix product: function -> (name, alpha).
_FUSED: dict[Any, tuple[str, float]] = {
    linear: ("linear", 0.0),
    None: ("linear", 0.0),  # `layer.activation = None` removes a layer's activation, as in Keras
    relu: ("relu", 0.0),
    leaky_relu: ("leaky_relu", 0.2),
    sigmoid: ("sigmoid", 0.0),
    tanh: ("tanh", 0.0),
    elu: ("elu", 1.0),
    exponential: ("exponential", 0.0),
    relu6: ("relu6", 0.0),
}


def fused(activation: Any) -> tuple[str, float] | None:
    """Returns (name, alpha) if `ops.dense` can fuse this activation into its matrix product, else None.

    Args:
        activation: an activation function of this module, or any callable, or None for none.

    Returns:
        (name of the kernel's activation, its parameter), or None.

    >>> fused(relu), fused(softmax)
    (('relu', 0.0), None)
    """
    try:
        return _FUSED.get(activation)
    except TypeError:  # a callable object that cannot be a key
        return None


explain_missing(__name__)
