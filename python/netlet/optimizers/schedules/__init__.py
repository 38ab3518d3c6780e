"""Learning rate schedules, as the module `netlet.optimizers.schedules`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.saving.identifiers import Table

from .cosine_schedules import CosineDecay, CosineDecayRestarts
from .cyclic_schedules import Cyclic, OneCycle
from .learning_rate_schedule import (
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "Cyclic",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]

_table = Table(
    "learning rate schedule",
    {
        cls.__name__: cls
        for cls in (
            CosineDecay,
            CosineDecayRestarts,
            Cyclic,
            ExponentialDecay,
            InverseTimeDecay,
            OneCycle,
            PiecewiseConstantDecay,
            PolynomialDecay,
        )
    },
)


def serialize(learning_rate_schedule: Any) -> Any:
    """Returns the config of a schedule.

    Args:
        learning_rate_schedule: a LearningRateSchedule.

    Returns:
        Config dict {"module": ..., "class_name": ..., "config": ...} of plain values, which JSON can store.

    >>> serialize(ExponentialDecay(0.1, 10, 0.5))["config"]["decay_steps"]
    10
    """
    return _table.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns a schedule of a config.

    Args:
        config: what `serialize` returned.
        custom_objects: {name: class}, in addition to netlet's own and registered ones; None by default.

    Returns:
        LearningRateSchedule.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> float(deserialize(serialize(ExponentialDecay(0.1, 10, 0.5)))(10))
    0.05
    """
    return _table.deserialize(config, custom_objects)
