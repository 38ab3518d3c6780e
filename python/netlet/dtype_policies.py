"""Keras's names for dtype policies: the dtype that a layer computes in. `netlet.config` has the default policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base.missing import explain_missing
from .config import DTypePolicy, DTypePolicyMap
from .config import get_policy as get
from .saving.serialization import deserialize_object, serialize_object

__all__ = ["DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "deserialize", "get", "serialize"]

FloatDTypePolicy = DTypePolicy


def serialize(dtype_policy: DTypePolicy) -> Any:
    """Returns the config dict of a policy.

    Args:
        dtype_policy: the policy.

    >>> serialize(DTypePolicy("float64"))["config"]
    {'name': 'float64'}
    """
    return serialize_object(dtype_policy)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> DTypePolicy:
    """Returns the policy of a config dict.

    Args:
        config: what `serialize` returned.
        custom_objects: further classes by name; default none.

    Raises:
        ValueError: a damaged config, or the name of no policy.

    >>> deserialize(serialize(DTypePolicy("float64")))
    <DTypePolicy "float64">
    """
    policy: DTypePolicy = deserialize_object(config, custom_objects)
    return policy


explain_missing(__name__)
