"""How weights begin. Each is called as `initializer(shape, dtype)` and gives an array.

Random ones take `seed`: None draws one from netlet's global sequence (`utils.set_random_seed`). An initializer with a
fixed seed gives the same numbers at each call, as in Keras 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netlet.config import numpy_dtype
from netlet.saving.identifiers import Table, names_of

from .constant import Constant, Identity, Ones, Zeros
from .draws import Orthogonal, RandomInitializer, RandomNormal, RandomUniform, TruncatedNormal
from .initializer import Initializer
from .scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    compute_fans,
)

OBJECTS = names_of(
    [
        Initializer,
        Constant,
        Identity,
        Ones,
        Zeros,
        GlorotNormal,
        GlorotUniform,
        HeNormal,
        HeUniform,
        LecunNormal,
        LecunUniform,
        Orthogonal,
        RandomNormal,
        RandomUniform,
        TruncatedNormal,
        VarianceScaling,
    ],
    IdentityInitializer=Identity,
    OrthogonalInitializer=Orthogonal,
    normal=RandomNormal,
    uniform=RandomUniform,
    one=Ones,
    zero=Zeros,
)
_table = Table("initializer", OBJECTS)


def serialize(initializer: Any) -> Any:
    """The config dict of an initializer."""
    return _table.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer of a config dict or name."""
    return _table.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """An initializer from a name ("he_normal"), config, class, callable, or an array that is the value itself.

    >>> get("zeros")((1,)).numpy()
    array([0.], dtype=float32)
    """
    if isinstance(identifier, (np.ndarray, np.generic)) or hasattr(identifier, "_tensor"):
        value = np.asarray(identifier)

        def initialize(shape: Any, dtype: Any = None) -> np.ndarray:
            if tuple(shape) != value.shape:
                raise ValueError(f"The given initial value has shape {value.shape}; the weight has {tuple(shape)}.")
            return value.astype(numpy_dtype(dtype))

        return initialize
    if isinstance(identifier, Initializer):
        return identifier.clone()  # so that one object given to two layers does not make them equal
    return _table.get(identifier)


# Keras also offers each under its snake-case name.
zeros, ones, constant, identity = Zeros, Ones, Constant, Identity
random_normal, random_uniform, truncated_normal, variance_scaling = (
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
glorot_uniform, glorot_normal, he_uniform, he_normal = GlorotUniform, GlorotNormal, HeUniform, HeNormal
lecun_uniform, lecun_normal, orthogonal = LecunUniform, LecunNormal, Orthogonal

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]
