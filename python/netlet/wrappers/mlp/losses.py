"""The losses of a perceptron as scikit-learn defines them: what it reports, and what it minimizes."""

from __future__ import annotations

import numpy as np

from netlet import _core

# scikit-learn's names of activations, and those of the native ops
ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu", "exp": "exponential"}


def data_loss(
    out_activation: str, z: _core.Tensor, y: _core.Tensor, weight: _core.Tensor | None, offset: _core.Tensor | None
) -> tuple[_core.Tensor, _core.Tensor]:
    """Emits the loss of a batch, averaged over its rows, by their weights if there are any.

        softmax    -log p[y]                                     y (rows,) labels
        logistic   -sum of y log p + (1 - y) log(1 - p)          y (rows, outputs)
        identity   (y - z)**2 / 2                                y (rows, outputs)
        exp        sum of exp(z) - y z + y log y - y             y (rows, outputs): half the Poisson deviance

    For several outputs scikit-learn reports the mean of the squared errors and follows the gradient of their sum.

    Args:
        out_activation: scikit-learn's name of the activation after the last layer.
        z: (rows, outputs) the last layer before its activation.
        y: the targets.
        weight: (rows,) or None.
        offset: (rows,) for exp, the part of the loss that depends on y only.

    Returns:
        (the loss that is reported, the loss whose gradient is followed).
    """
    outputs = z.shape[1]
    reduction = "mean" if weight is None else "mean_with_sample_weight"
    if out_activation == "softmax":
        loss = _core.loss_sparse_categorical_crossentropy(y, z, weight, reduction, True)
        return loss, loss
    if out_activation == "logistic":
        loss = _core.loss_pointwise("binary_crossentropy_logits", y, z, weight, reduction)
        loss = _core.multiply(loss, outputs) if outputs > 1 else loss
        return loss, loss
    if out_activation == "identity":
        loss = _core.multiply(_core.loss_pointwise("squared_error", y, z, weight, reduction), 0.5)
        return loss, _core.multiply(loss, outputs) if outputs > 1 else loss
    assert offset is not None
    rows = _core.sum(_core.subtract(_core.exp(z), _core.multiply(y, z)), [1])
    loss = _core.loss_reduce(_core.add(rows, offset), weight, None, reduction)
    return loss, loss


def poisson_offset(y: np.ndarray) -> np.ndarray:
    """(rows,) the sum over the outputs of y log y - y, with 0 log 0 = 0.

    Args:
        y: (rows, outputs) counts of at least 0.
    """
    terms = y * np.log(np.where(y > 0, y, 1)) - y
    return np.asarray(terms.sum(axis=1), y.dtype)
