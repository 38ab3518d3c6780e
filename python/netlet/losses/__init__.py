"""Losses: functions that return one value per sample, and classes that reduce these values to one number.

>>> float(get("mse")([[0.0]], [[2.0]])[0])
4.0
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.base.missing import explain_missing
from netlet.saving.identifiers import Table

from .crossentropy import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from .loss import Loss, LossFunctionWrapper
from .margin import categorical_hinge, dice, hinge, squared_hinge, tversky
from .margin_classes import CategoricalHinge, Dice, Hinge, SquaredHinge, Tversky
from .probability_classes import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
)
from .regression import (
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
)
from .regression_classes import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
)
from .sequence import CTC, ctc
from .similarity import Circle, circle

__all__ = [
    "CTC",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

_table = Table(
    "loss",
    {
        **{name: globals()[name] for name in __all__ if name not in ("get", "serialize", "deserialize")},
        **dict.fromkeys(("mse", "MSE"), mean_squared_error),
        **dict.fromkeys(("mae", "MAE"), mean_absolute_error),
        **dict.fromkeys(("mape", "MAPE"), mean_absolute_percentage_error),
        **dict.fromkeys(("msle", "MSLE"), mean_squared_logarithmic_error),
        **dict.fromkeys(("bce", "BCE"), binary_crossentropy),
        **dict.fromkeys(("kld", "KLD", "kullback_leibler_divergence"), kl_divergence),
        "logcosh": log_cosh,
    },
)


def serialize(loss: Any) -> Any:
    """Returns the config of a loss.

    Args:
        loss: a Loss or a loss function.

    Returns:
        Config dict {"module": ..., "class_name": ..., "config": ...} of plain values, which JSON can store.

    >>> serialize(huber)["config"], serialize(Huber())["class_name"]
    ('huber', 'Huber')
    """
    return _table.serialize(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the loss of a config.

    Args:
        name: what `serialize` returned, or a name.
        custom_objects: {name: class or function}, in addition to netlet's own and registered ones; None by default.

    Returns:
        Loss, or a loss function.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> deserialize("huber") is huber
    True
    """
    return _table.deserialize(name, custom_objects)


def get(identifier: Any) -> Any:
    """Returns a loss.

    Args:
        identifier: the name of a function or class, a config dict, a class, a loss, or None.

    Returns:
        A function for the name of a function, a Loss for a class, its name or a config, else `identifier` itself.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> get("huber") is huber, type(get("Huber")).__name__
    (True, 'Huber')
    """
    return _table.get(identifier)


explain_missing(__name__)
