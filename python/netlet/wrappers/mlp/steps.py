"""Records what a perceptron computes of a batch: a training step, or the loss with its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from netlet import _core

from .losses import ACTIVATIONS, data_loss
from .optimizer import StochasticOptimizer
from .weights import Weights

_BLOCK = 8192  # rows that are predicted together: their activations stay small


class Network(NamedTuple):
    """What a step computes.

    Attributes:
        activation: scikit-learn's name of the hidden activation.
        out_activation: that of the last layer.
        alpha: factor of the L2 penalty.
    """

    activation: str
    out_activation: str
    alpha: float


def record_step(
    network: Network, weights: Weights, batch: Sequence[np.ndarray], rows: int, optimizer: StochasticOptimizer | None
) -> _core.Plan:
    """Records the loss of a batch, its gradient, and the update of the weights.

    The loss of scikit-learn is data_loss + alpha / 2 * sum(coefs**2) / n, where n is the sum of the batch's weights.

    Args:
        network: what is computed.
        weights: the weights; their gradients are written to `weights.grads`.
        batch: X (any number of rows, features), y, then the sample weights if there are any, then the offset of a
            Poisson loss. The plan reads arrays of these shapes and dtypes.
        rows: rows of a batch.
        optimizer: updates the weights; None to compute the loss and the gradient only.

    Returns:
        A plan with the outputs (rows, 1) float64: the reported loss, and without an optimizer also the loss whose
        gradient was computed. Each is repeated in every row, since `run_batches` collects rows.
    """
    tape = _core.Tape(record=True, grad=True, trains=True)
    with tape:
        fed = [
            tape.feed((rows, *array.shape[1:]), array.dtype.name, array.dtype.name, name)
            for array, name in zip(batch, ("X", "y", "sample_weight", "offset"))
        ]
        x, y, *more = fed
        offset = more.pop() if network.out_activation == "exp" else None
        weight = more.pop() if more else None
        for view, grad in zip(weights.views, weights.grad_views):
            view.requires_grad = True
            tape.set_grad_target(view, grad)
        for i, (coef, intercept) in enumerate(zip(weights.coefs, weights.intercepts)):
            last = i == len(weights.coefs) - 1
            x = _core.dense(x, coef, intercept, "linear" if last else ACTIVATIONS[network.activation])
        reported, objective = data_loss(network.out_activation, x, y, weight, offset)
        tape.gradients(objective, weights.views)
        share: Any = network.alpha / rows if weight is None else _core.divide(network.alpha, _core.sum(weight))
        _core.accumulate_into(_core.multiply(weights.penalized, share), weights.penalized_grads)
        penalty = _core.multiply(_core.sum(_core.square(weights.penalized)), _core.multiply(share, 0.5))
        losses = [reported] if optimizer is not None else [reported, objective]
        losses = [_core.cast(_core.add(loss, penalty), "float64") for loss in losses]
        if optimizer is not None:
            optimizer.emit(weights)
        return tape.compile([_core.broadcast_to(loss, (rows, 1)) for loss in losses])


def forward(network: Network, coefs: Sequence[Any], intercepts: Sequence[Any], x: Any, dtype: Any) -> np.ndarray:
    """The activations of the last layer.

    Args:
        network: what is computed.
        coefs, intercepts: the weights.
        x: (rows, features), an array or a sparse matrix, which becomes dense block by block.
        dtype: that of the computation and of the result.

    Returns:
        (rows, outputs).
    """
    blocks = [x] if x.shape[0] <= _BLOCK else [x[i : i + _BLOCK] for i in range(0, x.shape[0], _BLOCK)]
    return np.concatenate([_forward(network, coefs, intercepts, dense(block, dtype)) for block in blocks])


def _forward(network: Network, coefs: Sequence[Any], intercepts: Sequence[Any], x: Any) -> np.ndarray:
    for coef, intercept in zip(coefs[:-1], intercepts[:-1]):
        x = _core.dense(x, coef, intercept, ACTIVATIONS[network.activation])
    softmax = network.out_activation == "softmax"
    y = _core.dense(x, coefs[-1], intercepts[-1], "linear" if softmax else ACTIVATIONS[network.out_activation])
    return np.asarray((_core.softmax(y) if softmax else y).numpy())


def dense(x: Any, dtype: Any) -> np.ndarray:
    """Rows as a contiguous array of a dtype; x may be sparse."""
    return np.ascontiguousarray(x.toarray() if hasattr(x, "toarray") else x, dtype)
