"""The loss of label sequences: connectionist temporal classification (Graves et al., 2006)."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.ops.core.dispatch import concrete, op

from .arrays import floating
from .function_loss import FunctionLoss
from .fused import fused_by
from .labels import ctc_label_problem
from .loss import reduce_weighted_values


def _ctc(y_true: Any, y_pred: Any, sample_weight: Any = None, reduction: str = "none") -> Any:
    y_true, y_pred = concrete(y_true), floating(y_pred)
    if len(y_true.shape) != 2:
        raise ValueError(f"ctc: expected y_true of shape (batch, max_length), received {tuple(y_true.shape)}.")
    if len(y_pred.shape) != 3:
        raise ValueError(
            f"ctc: expected logits y_pred of shape (batch, frames, classes), received {tuple(y_pred.shape)}."
        )
    values = _core.ctc_loss(y_true, y_pred)
    return (
        values
        if reduction == "none" and sample_weight is None
        else reduce_weighted_values(values, sample_weight, reduction)
    )


@fused_by(_ctc, wants_integer_labels=True, label_problem=ctc_label_problem)
@op
def ctc(y_true: Any, y_pred: Any) -> Any:
    """Connectionist temporal classification loss: -log of the probability of the label sequence.

    As `ops.ctc_loss` with blank 0 and all frames. The labels of a sample are those that are not 0.

    Args:
        y_true: labels (batch, max_length), integers in [1, classes), padded with 0 at the end.
        y_pred: logits (batch, frames, classes).

    Returns:
        One value per sample, (batch,).

    Raises:
        ValueError: another rank, a label outside [1, classes), or more labels than frames. The message has the sample.

    >>> ctc([[1, 2, 0]], [[[0.0, 0.0, 0.0]] * 3]).round(4).numpy()  # 5 of 27 paths
    array([1.6864], dtype=float32)
    """
    return _ctc(y_true, y_pred)


class CTC(FunctionLoss):
    """Connectionist temporal classification loss, for label sequences that are not aligned with the frames.

    A sample has -log of the probability of all paths of frames that read as the label sequence; class 0 is the blank.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch,) with reduction "none". Targets
    are labels (batch, max_length) in [1, classes), padded with 0 at the end; predictions are logits (batch, frames,
    classes).

    Args:
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "ctc" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: another rank, a label outside of [1, classes), or more labels
            than frames.

    Source: Graves et al., 2006; Keras 3, `keras.losses.CTC`.

    >>> round(float(CTC()([[1, 2, 0]], [[[0.0, 0.0, 0.0]] * 3])), 4)
    1.6864
    """

    _function = staticmethod(ctc)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "ctc", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)
