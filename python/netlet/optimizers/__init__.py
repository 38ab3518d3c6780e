"""Optimizers, which update weights from gradients. Each is one native kernel over all parameters at once.

>>> get("adam").name[:4]
'adam'
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from netlet.base.missing import explain_missing
from netlet.base.suggest import unknown
from netlet.saving.identifiers import Table
from netlet.saving.serialization import get_registered_object

from . import schedules
from .adafactor import Adafactor
from .adagrad import Adadelta, Adagrad
from .adam import Adam, AdamW
from .adam_variants import Adamax, Nadam, RAdam
from .asgd import ASGD
from .base.optimizer import Optimizer
from .ftrl import Ftrl
from .lamb import Lamb
from .lbfgs import LBFGS
from .lion import Lion
from .loss_scale_optimizer import LossScaleOptimizer
from .multi_optimizer import MultiOptimizer
from .muon import Muon
from .optimizer_map import OptimizerMap
from .rmsprop import RMSprop
from .rprop import Rprop
from .schedule_free_adamw import ScheduleFreeAdamW
from .sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RAdam",
    "RMSprop",
    "Rprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_CLASSES: dict[str, Any] = {
    cls.__name__: cls
    for cls in (
        *(ASGD, LBFGS, SGD, Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Muon, Nadam),
        *(RAdam, RMSprop, Rprop, ScheduleFreeAdamW),
    )
}
_by_lower_name = {name.lower(): cls for name, cls in _CLASSES.items()}
_table = Table("optimizer", {**_CLASSES, "LossScaleOptimizer": LossScaleOptimizer, "MultiOptimizer": MultiOptimizer})


def serialize(optimizer: Any) -> Any:
    """Returns the config of an optimizer.

    Args:
        optimizer: an Optimizer.

    Returns:
        Config dict {"module": ..., "class_name": ..., "config": ...} of plain values, which JSON can store.

    >>> serialize(SGD(0.5))["config"]["learning_rate"]
    0.5
    """
    return _table.serialize(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns an optimizer of a config.

    Args:
        config: what `serialize` returned. The case of netlet's own class names does not matter, as in Keras.
        custom_objects: {name: class}, in addition to netlet's own and registered ones; None by default.

    Returns:
        Optimizer, not built.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> deserialize({"class_name": "sgd", "config": {"name": "mine"}})
    <SGD name=mine>
    """
    name = config.get("class_name") if isinstance(config, dict) else None
    if isinstance(name, str) and name.lower() in _by_lower_name:
        return _by_lower_name[name.lower()].from_config(dict(config.get("config") or {}), custom_objects)
    return _table.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """Returns an optimizer.

    Args:
        identifier: a name in upper or lower case ("adam"), a config dict, a class, an Optimizer, or None.

    Returns:
        A new optimizer; `identifier` itself if it is an Optimizer or None.

    Raises:
        ValueError: an unknown name (the message has the nearest known ones), or something that is no optimizer.

    >>> get("adm")
    Traceback (most recent call last):
        ...
    ValueError: Unknown optimizer: 'adm'. Did you mean 'adam' or 'radam' or 'nadam'?
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        found = _by_lower_name.get(identifier.lower())
        if found is not None:
            return found()
        registered = get_registered_object(identifier)
        if registered is None:
            raise unknown("optimizer", identifier, _by_lower_name)
        return registered()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if inspect.isclass(identifier) and issubclass(identifier, Optimizer):
        return identifier()  # type: ignore[call-arg]
    raise ValueError(f"Could not interpret optimizer identifier: {identifier!r}")


explain_missing(__name__)
