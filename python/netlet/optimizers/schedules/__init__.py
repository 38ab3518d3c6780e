"""Learning rate schedules, as the module `netlet.optimizers.schedules`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.saving.identifiers import Table

from .cyclic_schedules import Cyclic, OneCycle
from .learning_rate_schedule import (
    CosineDecay,
    CosineDecayRestarts,
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
    """Returns the config dict of a schedule.

    Args:
        learning_rate_schedule: a LearningRateSchedule.

    >>> serialize(ExponentialDecay(0.1, 10, 0.5))["config"]["decay_steps"]
    10
    """
    return _table.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the schedule of a config dict.

    Args:
        config: what `serialize` returned.
        custom_objects: classes by name, in addition to netlet's own and registered ones.

    >>> float(deserialize(serialize(ExponentialDecay(0.1, 10, 0.5)))(10))
    0.05
    """
    return _table.deserialize(config, custom_objects)
