"""Metrics: numbers about predictions, exact over all batches since the last reset.

>>> m = get("mse")
>>> m.update_state([[0.0]], [[2.0]])
>>> float(m.result())
4.0
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from netlet.base.missing import explain_missing
from netlet.base.naming import to_snake_case
from netlet.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from netlet.saving.identifiers import Table

from .accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
)
from .confusion import (
    AUC,
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from .confusion_matrix import ConfusionMatrix
from .correlation import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
)
from .f_score import F1Score, FBetaScore
from .from_margin_losses import CategoricalHinge, Hinge, SquaredHinge
from .from_probability_losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
)
from .from_regression_losses import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    cosine_similarity,
)
from .iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .metric import Metric
from .r2_score import R2Score
from .reduction import Mean, MeanMetricWrapper, Sum
from .top_k import (
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "ConfusionMatrix",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "accuracy",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

_CLASSES = {name: obj for name, obj in list(globals().items()) if name in __all__ and inspect.isclass(obj)}
# A name in snake case means the class, not the function: compile(metrics=["mean_squared_error"]).
_table = Table(
    "metric",
    {
        **_CLASSES,
        **{to_snake_case(name): cls for name, cls in _CLASSES.items()},
        **dict.fromkeys(("mse", "MSE"), MeanSquaredError),
        **dict.fromkeys(("mae", "MAE"), MeanAbsoluteError),
        **dict.fromkeys(("mape", "MAPE"), MeanAbsolutePercentageError),
        **dict.fromkeys(("msle", "MSLE"), MeanSquaredLogarithmicError),
        **dict.fromkeys(("bce", "BCE"), BinaryCrossentropy),
    },
)


def serialize(metric: Any) -> Any:
    """Returns the config of a metric.

    Args:
        metric: a Metric or a function.

    Returns:
        Config dict {"module": ..., "class_name": ..., "config": ...} of plain values, which JSON can store.

    >>> serialize(Mean())["class_name"]
    'Mean'
    """
    return _table.serialize(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns a metric of a config.

    Args:
        config: what `serialize` returned, or a name.
        custom_objects: {name: class or function}, in addition to netlet's own and registered ones; None by default.

    Returns:
        Metric, or a function.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> deserialize(serialize(Mean("loss")))
    <Mean name=loss>
    """
    return _table.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """Returns a metric.

    Args:
        identifier: a name ("mse"), a config dict, a class, a function, a Metric, or None.

    Returns:
        A new Metric for a name, a config or a class, else `identifier` itself.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> get("mse")
    <MeanSquaredError name=mean_squared_error>
    """
    return _table.get(identifier)


explain_missing(__name__)
