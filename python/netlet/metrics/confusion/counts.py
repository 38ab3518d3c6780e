"""Numbers of true and false positives and negatives, and the ratios precision and recall."""

from __future__ import annotations

from typing import Any

from .base import Confusion, share
from .thresholds import ALL_POSITIVE, as_thresholds, for_config


class _Count(Confusion):
    """One of the four counts, which a subclass names."""

    _count: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(as_thresholds(thresholds), (self._count,), name=name, dtype=dtype)
        self.init_thresholds = for_config(thresholds)
        self._add_counts(name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self._add_batch(y_true, y_pred, sample_weight)

    def result(self) -> Any:
        return self._scalar_if_one(self.accumulator)  # type: ignore[attr-defined]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Count):
    """Weighted number of positive targets with predictions above the threshold.

    `update_state` takes targets (positive if not 0) and predictions of one shape (batch, ...), and sample_weight (None,
    or weights of the samples). `result` is a scalar, or an array with a number per threshold if there are several.

    Args:
        thresholds: a number in [0, 1], or several; predictions above are positive. None (the default): 0.5.
        name: key in the logs; None (the default): "true_positives", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: a threshold outside of [0, 1]; when updated: shapes that differ.

    Source: Keras 3, `keras.metrics.TruePositives`.

    >>> m = TruePositives()
    >>> m.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> float(m.result())
    2.0
    """

    _count = "true_positives"


class FalsePositives(_Count):
    """Weighted number of negative targets with predictions above the threshold.

    `update_state` takes targets (positive if not 0) and predictions of one shape (batch, ...), and sample_weight (None,
    or weights of the samples). `result` is a scalar, or an array with a number per threshold if there are several.

    Args:
        thresholds: a number in [0, 1], or several; predictions above are positive. None (the default): 0.5.
        name: key in the logs; None (the default): "false_positives", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: a threshold outside of [0, 1]; when updated: shapes that differ.

    Source: Keras 3, `keras.metrics.FalsePositives`.

    >>> m = FalsePositives(thresholds=[0.3, 0.9])
    >>> m.update_state([0, 0, 1], [0.5, 0.95, 1])
    >>> m.result().tolist()
    [2.0, 1.0]
    """

    _count = "false_positives"


class TrueNegatives(_Count):
    """Weighted number of negative targets with predictions that are not above the threshold.

    `update_state` takes targets (positive if not 0) and predictions of one shape (batch, ...), and sample_weight (None,
    or weights of the samples). `result` is a scalar, or an array with a number per threshold if there are several.

    Args:
        thresholds: a number in [0, 1], or several; predictions above are positive. None (the default): 0.5.
        name: key in the logs; None (the default): "true_negatives", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: a threshold outside of [0, 1]; when updated: shapes that differ.

    Source: Keras 3, `keras.metrics.TrueNegatives`.

    >>> m = TrueNegatives()
    >>> m.update_state([0, 0, 1], [0, 1, 0], sample_weight=[0.5, 1, 1])
    >>> float(m.result())
    0.5
    """

    _count = "true_negatives"


class FalseNegatives(_Count):
    """Weighted number of positive targets with predictions that are not above the threshold.

    `update_state` takes targets (positive if not 0) and predictions of one shape (batch, ...), and sample_weight (None,
    or weights of the samples). `result` is a scalar, or an array with a number per threshold if there are several.

    Args:
        thresholds: a number in [0, 1], or several; predictions above are positive. None (the default): 0.5.
        name: key in the logs; None (the default): "false_negatives", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: a threshold outside of [0, 1]; when updated: shapes that differ.

    Source: Keras 3, `keras.metrics.FalseNegatives`.

    >>> m = FalseNegatives()
    >>> m.update_state([0, 1, 1, 1], [0, 1, 0, 0])
    >>> float(m.result())
    2.0
    """

    _count = "false_negatives"


class _Ratio(Confusion):
    """true positives / (true positives + another count), which a subclass names."""

    _direction = "up"
    _rest: str

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        all_thresholds = as_thresholds(thresholds, 0.5 if top_k is None else ALL_POSITIVE)
        super().__init__(all_thresholds, ("true_positives", self._rest), name=name, dtype=dtype)
        self.init_thresholds, self.top_k, self.class_id = for_config(thresholds), top_k, class_id
        self._add_counts()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self._add_batch(y_true, y_pred, sample_weight, top_k=self.top_k, class_id=self.class_id)

    def result(self) -> Any:
        return self._scalar_if_one(share(self._cells["true_positives"], self._cells[self._rest]))

    def get_config(self) -> dict[str, Any]:
        own = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


class Precision(_Ratio):
    """Fraction of the positive predictions whose target is positive: TP / (TP + FP), 0 if there are none.

    `update_state` takes targets (positive if not 0) and predictions of one shape (batch, ...), and sample_weight (None,
    or weights of the samples). `result` is a scalar, or an array with a number per threshold if there are several.

    Args:
        thresholds: a number in [0, 1], or several; predictions above are positive. None (the default): 0.5, or no
            threshold with `top_k`.
        top_k: only the k largest predictions of the last axis are positive; None (the default): all that are above the
            threshold.
        class_id: index of the last axis; only this class counts. None (the default): all.
        name: key in the logs; None (the default): "precision", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: a threshold outside of [0, 1]; when updated: shapes that differ, or a class that y_pred does not
            have.

    Source: Keras 3, `keras.metrics.Precision`.

    >>> m = Precision()
    >>> m.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> round(float(m.result()), 4)
    0.6667
    >>> m = Precision(top_k=2)
    >>> m.update_state([[0, 0, 1, 1]], [[0.1, 0.9, 0.8, 0.2]])
    >>> float(m.result())
    0.5
    """

    _rest = "false_positives"


class Recall(_Ratio):
    """Fraction of the positive targets whose prediction is positive: TP / (TP + FN), 0 if there are none.

    `update_state` takes targets (positive if not 0) and predictions of one shape (batch, ...), and sample_weight (None,
    or weights of the samples). `result` is a scalar, or an array with a number per threshold if there are several.

    Args:
        thresholds: a number in [0, 1], or several; predictions above are positive. None (the default): 0.5, or no
            threshold with `top_k`.
        top_k: only the k largest predictions of the last axis are positive; None (the default): all that are above the
            threshold.
        class_id: index of the last axis; only this class counts. None (the default): all.
        name: key in the logs; None (the default): "recall", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: a threshold outside of [0, 1]; when updated: shapes that differ, or a class that y_pred does not
            have.

    Source: Keras 3, `keras.metrics.Recall`.

    >>> m = Recall(class_id=1)
    >>> m.update_state([[0, 1], [0, 1], [1, 0]], [[0.2, 0.8], [0.9, 0.1], [0.3, 0.7]])
    >>> float(m.result())
    0.5
    """

    _rest = "false_negatives"
