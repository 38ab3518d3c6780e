"""ConfusionMatrix: how often each class was predicted as each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet import _core, config, ops
from netlet.losses.arrays import as_tensor

from .class_pairs import ClassPairs

_SUMS = {"true": 1, "pred": 0, "all": None}  # normalize: axis of the sums to divide by


class ConfusionMatrix(ClassPairs):
    """Confusion matrix of a classifier: a row per true class, a column per predicted class.

    Keras has none. `fit` and `evaluate` put the matrix into the logs and the History; progress bar and CSV file leave
    it out. `plots.confusion_matrix` draws it.

    Args:
        num_classes: number of classes, a positive integer.
        normalize: None (the default): weighted counts. "true", "pred", "all": fractions of the row, the column or all;
            0 where there are none.
        class_names: names of the classes, for plots; None by default.
        name: key in the logs; "confusion_matrix" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Predictions: scores (..., num_classes), of which the first largest counts, or integer classes (...). For two
    classes also probabilities of class 1, (..., 1), compared with 0.5. Targets: classes (...) or (..., 1), or one-hot
    (..., num_classes). Sample weights: one per sample or per class.

    Raises:
        ValueError: an unknown `normalize`, a wrong number of names, shapes that do not fit; in `result`: there were
            classes outside [0, num_classes).

    >>> m = ConfusionMatrix(num_classes=2)
    >>> m.update_state([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    >>> m.result().tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """

    def __init__(
        self,
        num_classes: int,
        normalize: str | None = None,
        class_names: Sequence[str] | None = None,
        name: str = "confusion_matrix",
        dtype: Any = None,
    ) -> None:
        super().__init__(num_classes, name=name, dtype=dtype)
        if normalize is not None and normalize not in _SUMS:
            raise self._error(f"normalize None or one of {list(_SUMS)}", repr(normalize))
        if class_names is not None and len(class_names) != num_classes:
            raise self._error(f"{num_classes} class_names", f"{len(class_names)}: {list(class_names)}")
        self.normalize = normalize
        self.class_names = None if class_names is None else list(class_names)
        self.outside = self.add_variable((2,), "zeros", "float64", name="outside")  # how many, the first one

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = as_tensor(y_true), as_tensor(y_pred)
        predictions = self._predicted(y_pred)
        classes = tuple(predictions.shape)
        one_hot = tuple(y_true.shape) == (*classes, self.num_classes)
        labels = ops.argmax(y_true, axis=-1) if one_hot else y_true
        if tuple(labels.shape) not in (classes, (*classes, 1)):
            one_hot_shape = (*classes, self.num_classes)
            raise self._error(f"y_true of shape {classes}, or one-hot {one_hot_shape}", f"{tuple(y_true.shape)}")
        self._add_pairs(ops.reshape(labels, classes), predictions, sample_weight, outside=self.outside._tensor)

    def _predicted(self, y_pred: Any) -> Any:
        """The predicted classes."""
        if not config.is_float(y_pred.dtype):
            return y_pred
        last = y_pred.shape[-1] if len(y_pred.shape) else 0
        if last == self.num_classes:
            return ops.argmax(y_pred, axis=-1)
        if last == 1 and self.num_classes == 2:
            return _core.reshape(_core.greater(y_pred, 0.5), tuple(y_pred.shape[:-1]))
        raise self._error(
            f"y_pred with scores of {self.num_classes} classes in its last axis, or with integer classes",
            f"{y_pred.dtype} of shape {tuple(y_pred.shape)}",
        )

    def result(self) -> Any:
        if not _core.recording():
            self._check_outside()
        matrix = ops.copy(self.total_cm)
        if self.normalize is None:
            return matrix
        return ops.divide_no_nan(matrix, ops.sum(matrix, axis=_SUMS[self.normalize], keepdims=True))

    def _check_outside(self) -> None:
        count, first = np.asarray(self.outside)
        if count:
            classes = f"classes 0 to {self.num_classes - 1}"
            raise self._error(classes, f"{count:.0f} labels or predictions beyond them; the first is {first:g}")

    def get_config(self) -> dict[str, Any]:
        own = {"num_classes": self.num_classes, "normalize": self.normalize, "class_names": self.class_names}
        return {**super().get_config(), **own}
