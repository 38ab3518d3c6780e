"""The loss of embeddings with class labels: circle loss (Sun et al., 2020)."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.ops.core.dispatch import concrete, op

from .arrays import floating
from .function_loss import FunctionLoss

# Replaces the exponents of pairs that do not count. It is finite, unlike Keras's -inf, so that the gradient of a sample
# without a positive or a negative pair is 0 and not NaN.
_NO_PAIR = -1e30


@op
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """Circle loss (Sun et al., 2020): pulls embeddings of one label together and pushes other embeddings apart.

    log(1 + sum_i exp(gamma * p_i * (d_i - margin)) * sum_j exp(gamma * n_j * (1 - margin - d_j))), where d_i are the
    cosine distances of a sample to those of its label, d_j those to other labels, p_i = d_i + margin and
    n_j = max(1 + margin - d_j, 0). The result has a mask: samples whose loss is 0 do not count.

    Args:
        y_true: integer labels, (batch,) or (batch, 1).
        y_pred: embeddings of length 1, (batch, d).
        ref_labels: labels of the embeddings to compare with, (m,) or (m, 1); default y_true.
        ref_embeddings: embeddings to compare with, (m, d); default y_pred.
        remove_diagonal: whether sample i is no positive pair with reference i; default True.
        gamma: scale of the similarities; default 80.
        margin: distance up to which embeddings of one label may stay apart; default 0.4.

    Returns:
        One value per sample, (batch,). A sample without a positive or without a negative pair has the value 0.

    Raises:
        ValueError: y_pred is not (batch, d), or there is not one label for each embedding.

    >>> circle([0, 0, 1], [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]], gamma=2.0).round(4).numpy()
    array([0.4518, 0.7763, 0.    ], dtype=float32)
    """
    y_pred = floating(y_pred)
    others = y_pred if ref_embeddings is None else ops.cast_if_needed(concrete(ref_embeddings), str(y_pred.dtype))
    labels = _labels("y_true", y_true, "y_pred", y_pred)
    other_labels = labels if ref_labels is None else _labels("ref_labels", ref_labels, "ref_embeddings", others)
    distances = ops.maximum(ops.subtract(1.0, ops.matmul(y_pred, ops.transpose(others))), 0.0)
    positive = ops.equal(ops.expand_dims(labels, 1), ops.expand_dims(other_labels, 0))
    negative = ops.logical_not(positive)
    if remove_diagonal:
        positive = ops.logical_and(
            positive, ops.logical_not(ops.eye(positive.shape[0], positive.shape[1], dtype="bool"))
        )
    gamma, margin = float(gamma), float(margin)
    pull = ops.multiply(ops.multiply(ops.add(distances, margin), gamma), ops.subtract(distances, margin))
    push_weights = ops.maximum(ops.subtract(1.0 + margin, distances), 0.0)
    push = ops.multiply(ops.multiply(push_weights, gamma), ops.subtract(1.0 - margin, distances))
    values = ops.softplus(ops.add(_log_sum(positive, pull), _log_sum(negative, push)))
    values._keras_mask = ops.greater(values, 0.0)
    return values


def _labels(name: str, labels: Any, of: str, embeddings: Any) -> Any:
    """The labels as int32 of shape (rows,), one for each row of the embeddings."""
    labels = concrete(labels)
    if len(embeddings.shape) != 2:
        raise ValueError(f"circle: expected {of} of shape (rows, d), received {tuple(embeddings.shape)}.")
    shape, rows = tuple(labels.shape), embeddings.shape[0]
    if shape not in ((rows,), (rows, 1)):
        raise ValueError(f"circle: expected {name} of shape ({rows},), one label for each {of}, received {shape}.")
    return ops.cast(ops.reshape(labels, (rows,)), "int32")


def _log_sum(pairs: Any, exponents: Any) -> Any:
    """log(sum(exp(exponents))) over the pairs of each row."""
    return ops.logsumexp(ops.where(pairs, exponents, ops.full_like(exponents, _NO_PAIR)), axis=1)


class Circle(FunctionLoss):
    """Circle loss of labels and embeddings: pulls embeddings of one label together and pushes others apart.

    The references that a sample is compared with are the other samples of the batch; the function `circle` has the
    formula. Samples without a pair of either kind do not count in the mean.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch,) with reduction "none". Targets
    are integer labels (batch,) or (batch, 1), predictions embeddings of length 1, (batch, d).

    Args:
        gamma: scale of the similarities; 80 by default.
        margin: distance up to which embeddings of one label may stay apart; 0.4 by default.
        remove_diagonal: whether a sample is no positive pair with itself; True by default.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "circle" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: y_pred is not (batch, d), or there is not one label for each
            embedding.

    Source: Sun et al., 2020; Keras 3, `keras.losses.Circle`.

    >>> round(float(Circle(gamma=2.0)([0, 0, 1], [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])), 4)
    0.6141
    """

    _function = staticmethod(circle)

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: Any = "sum_over_batch_size",
        name: str = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal)
