"""Settings and names under the names that `keras.backend` has."""

from __future__ import annotations

from .base.missing import explain_missing
from .base.naming import get_uid, name_scope
from .base.promotion import result_type
from .config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
    standardize_dtype,
)
from .config import is_float as is_float_dtype
from .config import is_int as is_int_dtype
from .utils import clear_session, is_keras_tensor

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "name_scope",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]


explain_missing(__name__)
