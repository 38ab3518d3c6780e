"""The values of a model's variables as nested dicts: `Model.get_state_tree` and `set_state_tree`."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.base.exclusive import in_turn
from netlet.base.suggest import unknown

FORMATS = ("backend_tensor", "numpy_array")


def _groups(model: Any) -> dict[str, list[Any]]:
    """The variables by the names of the groups in a state tree."""
    return {
        "trainable_variables": model.trainable_variables,
        "non_trainable_variables": model.non_trainable_variables,
        "optimizer_variables": list(getattr(model.optimizer, "variables", None) or []),
        "metrics_variables": [v for metric in model.metrics for v in metric.variables],
    }


def state_tree(model: Any, value_format: str) -> dict[str, Any]:
    """The values by group and path.

    Args:
        model: the model.
        value_format: "backend_tensor" for Tensors or "numpy_array".

    Raises:
        ValueError: another format; two variables with one path.
    """
    if value_format not in FORMATS:
        raise ValueError(f"Invalid `value_format` argument. Expected one of {FORMATS}, received {value_format!r}.")
    with in_turn(model):
        return {name: _nested(variables, value_format) for name, variables in _groups(model).items()}


def _nested(variables: list[Any], value_format: str) -> dict[str, Any]:
    """Copies of the values in dicts by the parts of their paths."""
    found: dict[str, Any] = {}
    for variable in variables:
        *folders, name = variable.path.split("/")
        place = found
        for folder in folders:
            place = place.setdefault(folder, {})
        if name in place:
            raise ValueError(
                f"The following variable path is found twice in the model: '{variable.path}'. A state tree needs "
                "unique paths: give the layers unique names."
            )
        value = variable.numpy().copy()
        place[name] = value if value_format == "numpy_array" else _core.as_tensor(value)
    return found


def assign(model: Any, tree: dict[str, Any]) -> None:
    """Assigns the values of a state tree.

    Args:
        model: the model.
        tree: values as `state_tree` returns them; groups and variables may be missing.

    Raises:
        ValueError: an unknown group or path, or a value of another shape. Then nothing is assigned.
    """
    groups, changes = _groups(model), []
    for group, values in tree.items():
        if group not in groups:
            raise ValueError(f"Unknown variable name: {group}. Expected one of {list(groups)}.")
        by_path = {variable.path: variable for variable in groups[group]}
        for path, value in _flat(values, ""):
            if path not in by_path:
                raise unknown(f"path in {group}", path, by_path)
            value, variable = _core.as_tensor(value).numpy(), by_path[path]
            if value.shape != tuple(variable.shape):
                raise ValueError(f"set_state_tree: '{path}': expected {tuple(variable.shape)}, received {value.shape}.")
            changes.append((variable, value))
    with in_turn(model):
        for variable, value in changes:
            variable.assign(value)


def _flat(values: Any, prefix: str) -> list[tuple[str, Any]]:
    """The values in nested dicts with their paths."""
    if not isinstance(values, dict):
        return [(prefix, values)]
    return [pair for key, inner in values.items() for pair in _flat(inner, f"{prefix}/{key}" if prefix else key)]
