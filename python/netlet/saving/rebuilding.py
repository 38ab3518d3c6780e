"""What saving and loading share in all file formats: checks of the model, errors of damaged files, bounded memory."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from netlet.base.untrusted import damaged_config_named
from netlet.config import is_float
from netlet.engine.graph import shapes_of_file
from netlet.engine.variable import blank_variables

from .registry import find_builtin
from .serialization import deserialize_object, serialize_object, sharing_scope

# A file may declare this many bytes of weights more than it contains (layers may have a state of a few numbers that is
# not saved); a file that declares more is rejected.
_SLACK_BYTES = 1 << 20


def mismatch(
    variables: Sequence[Any], specs: Sequence[tuple[str, tuple[int, ...]]], what: str = "weights"
) -> str | None:
    """Why the arrays of a file do not fit variables, in order; None if they do.

    Args:
        variables: of a layer, a model or an optimizer.
        specs: (dtype, shape) of each array.
        what: the arrays, in the message.
    """
    if len(specs) != len(variables):
        return f"expected {len(variables)} {what}, received {len(specs)} in the file."
    for variable, (dtype, shape) in zip(variables, specs, strict=True):
        if shape != tuple(variable.shape):
            return f"'{variable.path}': expected shape {tuple(variable.shape)}, the file has {shape}."
        if _kind(dtype) != _kind(variable.dtype):
            return f"'{variable.path}': expected dtype {variable.dtype}, the file has {dtype}."
    return None


def _kind(dtype: str) -> str:
    """Arrays may be assigned to variables of the same kind: all floats, all integers, bool."""
    return "float" if is_float(dtype) else "bool" if dtype == "bool" else "int"


def require_weights(model: Any, purpose: str) -> None:
    """Raises ValueError if the model is not built. `purpose` is "to save" or "to load into"."""
    if not getattr(model, "built", True):
        raise ValueError(
            f"Model '{model.name}' has no weights {purpose} yet. Build it first: call it on data, or use `build()`."
        )


def check_saveable(model: Any) -> None:
    """Raises ValueError for a model whose layers have weights but which was never called; warns about one without."""
    if getattr(model, "built", True):
        return
    if model.weights:
        raise ValueError(
            f"Model '{model.name}' cannot be saved yet: some of its layers have weights, but it was never called "
            "itself, so its input shapes are unknown. Call it on data, or use `build()`."
        )
    warnings.warn(
        f"Model '{model.name}' is saved without weights: it has none yet, because it was never built.", stacklevel=4
    )


def compile_config(model: Any) -> Any:
    """The serialized arguments of `compile`; None, with a warning, if they cannot be saved."""
    try:
        config = model.get_compile_config() if hasattr(model, "get_compile_config") else None
        return serialize_object(config) if config else None
    except ValueError as error:
        # Saving the weights matters more than saving the arguments of compile.
        warnings.warn(
            f"Model '{model.name}' is saved without compile's arguments; load_model will return it uncompiled: {error}",
            stacklevel=4,
        )
        return None


@contextlib.contextmanager
def rebuilding(path: str) -> Iterator[None]:
    """Context manager that turns exceptions raised by a file's content into ValueErrors with the file's path."""
    try:
        with damaged_config_named("the model"):
            yield
    except (OSError, MemoryError, ImportError):  # ImportError: an extra is missing
        raise
    except Exception as error:
        text = str(error) or type(error).__name__
        raise ValueError(text if path in text else f"Cannot load '{path}': {text}") from error


def rebuild(config: Any, nbytes: int, has_weights: bool) -> Any:
    """Returns the model of a config, with zeros as weights.

    Args:
        config: from a file.
        nbytes: the size of the file's arrays.
        has_weights: whether the file has weights of the model.

    Raises:
        ValueError: the architecture needs more bytes than the file has, or it is not a model.
    """
    left = nbytes + _SLACK_BYTES

    def claim(wanted: int, variable: str) -> None:
        nonlocal left
        left -= wanted
        if left < 0:
            raise ValueError(f"the architecture needs more weights than the file holds, at '{variable}'.")

    with sharing_scope(), blank_variables(claim), shapes_of_file(nbytes):
        model = deserialize_object(config)
    is_model = isinstance(model, find_builtin("netlet.models", "Model", function=False))
    if not is_model and not getattr(type(model), "saves_alone", False):
        raise ValueError(f"the file: expected a model, received a {type(model).__name__}.")
    if has_weights and not getattr(model, "built", True):
        raise ValueError(
            f"the file holds weights, and {type(model).__name__} has none after `from_config`: give the class a "
            "`build(input_shape)` or a `build_from_config(config)` method that makes them."
        )
    return model


def recompile(model: Any, config: Any) -> None:
    """Compiles a model with the arguments that `compile_config` returned."""
    if not isinstance(config, dict):
        raise ValueError("the arguments of compile: expected a dict.")
    if hasattr(model, "compile_from_config"):  # a class with a `compile` of its own
        model.compile_from_config(config)
    else:
        model.compile(**deserialize_object(config))
