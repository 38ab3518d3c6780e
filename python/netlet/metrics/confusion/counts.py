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

    Args:
        thresholds: a number in [0, 1], or several; default 0.5.
        name, dtype: see `Metric`.

    Returns of `result`: a scalar, or an array with a number per threshold if there are several.

    >>> m = TruePositives()
    >>> m.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> float(m.result())
    2.0
    """

    _count = "true_positives"


class FalsePositives(_Count):
    """Weighted number of negative targets with predictions above the threshold.

    Args:
        thresholds, name, dtype: see `TruePositives`.

    >>> m = FalsePositives(thresholds=[0.3, 0.9])
    >>> m.update_state([0, 0, 1], [0.5, 0.95, 1])
    >>> m.result().tolist()
    [2.0, 1.0]
    """

    _count = "false_positives"


class TrueNegatives(_Count):
    """Weighted number of negative targets with predictions that are not above the threshold.

    Args:
        thresholds, name, dtype: see `TruePositives`.

    >>> m = TrueNegatives()
    >>> m.update_state([0, 0, 1], [0, 1, 0], sample_weight=[0.5, 1, 1])
    >>> float(m.result())
    0.5
    """

    _count = "true_negatives"


class FalseNegatives(_Count):
    """Weighted number of positive targets with predictions that are not above the threshold.

    Args:
        thresholds, name, dtype: see `TruePositives`.

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

    Args:
        thresholds: a number in [0, 1], or several; predictions above are positive. Default 0.5; with `top_k`, default
            no threshold.
        top_k: only the k largest predictions of the last axis are positive; default all that are above the threshold.
        class_id: index of the last axis; only this class counts. Default all.
        name, dtype: see `Metric`.

    Returns of `result`: a scalar, or an array with a number per threshold if there are several.

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

    Args:
        thresholds, top_k, class_id, name, dtype: see `Precision`.

    >>> m = Recall(class_id=1)
    >>> m.update_state([[0, 1], [0, 1], [1, 0]], [[0.2, 0.8], [0.9, 0.1], [0.3, 0.7]])
    >>> float(m.result())
    0.5
    """

    _rest = "false_negatives"
