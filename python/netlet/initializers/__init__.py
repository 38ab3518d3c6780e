"""Initializers: initial values of weights. Each is called as `initializer(shape, dtype)` and returns an array.

Random initializers have an argument `seed`: an integer, a `random.SeedGenerator`, or None for the next seed of the
global sequence (`utils.set_random_seed`). With an integer or None, an initializer returns the same numbers at each
call, as in Keras 3; with a SeedGenerator it returns new ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.missing import explain_missing
from netlet.config import numpy_dtype
from netlet.saving.identifiers import Table, names_of

from .constant import Constant, Identity, Ones, Zeros
from .draws import Orthogonal, RandomInitializer, RandomNormal, RandomUniform, TruncatedNormal
from .fourier import STFT
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
        STFT,
        TruncatedNormal,
        VarianceScaling,
    ],
    IdentityInitializer=Identity,
    OrthogonalInitializer=Orthogonal,
    STFTInitializer=STFT,
    normal=RandomNormal,
    uniform=RandomUniform,
    one=Ones,
    zero=Zeros,
)
_table = Table("initializer", OBJECTS)


def serialize(initializer: Any) -> Any:
    """Returns the config of an initializer.

    Args:
        initializer: an object or a function.

    Returns:
        Config dict {"module": ..., "class_name": ..., "config": ...} of plain values, which JSON can store.

    >>> serialize(Constant(3.0))["config"]
    {'value': 3.0}
    """
    return _table.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns an initializer of a config.

    Args:
        config: what `serialize` returned, or a name.
        custom_objects: {name: class or function}, in addition to netlet's own and registered ones; None by default.

    Returns:
        Initializer, or a function.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> deserialize({"class_name": "Constant", "config": {"value": 3.0}})((1,)).numpy()
    array([3.], dtype=float32)
    """
    return _table.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """Returns an initializer.

    Args:
        identifier: a name ("he_normal"), a config dict, a class, a callable, an array, Tensor or Variable (the initial
            value), or None.

    Returns:
        A copy of an Initializer, so that two layers with the same object get different random numbers; a function for
        an array, which raises ValueError for another shape; None for None.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> get("zeros")((1,)).numpy()
    array([0.], dtype=float32)
    """
    if isinstance(identifier, (np.ndarray, np.generic, _core.Tensor)) or hasattr(identifier, "_tensor"):
        value = np.asarray(identifier)

        def initialize(shape: Any, dtype: Any = None) -> np.ndarray:
            if tuple(shape) != value.shape:
                raise ValueError(f"Initial value: expected shape {tuple(shape)}, received {value.shape}.")
            return value.astype(numpy_dtype(dtype))

        return initialize
    if isinstance(identifier, Initializer):
        return identifier.clone()  # so that two layers with the same object do not get the same weights
    return _table.get(identifier)


# Keras also has each under its snake-case name.
zeros, ones, constant, identity = Zeros, Ones, Constant, Identity
random_normal, random_uniform, truncated_normal, variance_scaling = (
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
glorot_uniform, glorot_normal, he_uniform, he_normal = GlorotUniform, GlorotNormal, HeUniform, HeNormal
lecun_uniform, lecun_normal, orthogonal = LecunUniform, LecunNormal, Orthogonal
IdentityInitializer, OrthogonalInitializer, STFTInitializer, stft = Identity, Orthogonal, STFT, STFT

__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
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
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]


explain_missing(__name__)
