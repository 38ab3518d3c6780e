"""Metric: base of all metrics. A metric stores its state in variables and updates it with each batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, config, initializers, ops
from netlet.base.naming import auto_name, name_scope
from netlet.engine.variable import Variable


class Metric:
    """Base of all metrics. Subclasses create variables with `add_weight` and define `update_state` and `result`.

    `update_state` is recorded as part of the step, so it must use `netlet.ops` on Tensors and not NumPy.

    Args:
        dtype: "float32" or "float64"; `config.floatx()` if None.
        name: its key in the logs; default: the class's name in snake case.

    Example:

    >>> from netlet import ops
    >>> class Largest(Metric):
    ...     def __init__(self, name="largest", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.value = self.add_weight(name="value", initializer="zeros")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.value.assign(ops.maximum(self.value, ops.max(y_pred)))
    ...     def result(self):
    ...         return self.value
    >>> m = Largest()
    >>> m.update_state(None, np.array([1.0, 3.0], dtype="float32"))
    >>> float(m.result())
    3.0
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self._variables: list[Variable] = []
        self._metrics: list[Metric] = []
        self.name = name or auto_name(type(self).__name__)
        self._dtype = config.get_policy(dtype).compute_dtype if dtype is not None else config.floatx()

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("_variables", "_metrics"):
            if not hasattr(self, "_variables"):
                raise RuntimeError("You forgot to call `super().__init__()` in the `__init__()` method. Go add it!")
            for item in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(item, Variable) and not any(item is v for v in self._variables):
                    self._variables.append(item)
                if isinstance(item, Metric) and not any(item is m for m in self._metrics):
                    self._metrics.append(item)
        super().__setattr__(name, value)

    @property
    def dtype(self) -> str:
        return self._dtype

    @property
    def variables(self) -> list[Variable]:
        """The variables of this metric, then those of the metrics that are its attributes."""
        return [*self._variables, *(v for m in self._metrics for v in m.variables)]

    def add_variable(
        self, shape: Any, initializer: Any, dtype: Any = None, aggregation: str = "sum", name: str | None = None
    ) -> Variable:
        """Adds a variable to the metric's state.

        Args:
            shape: its shape.
            initializer: name or Initializer of its first value; None for zeros. `reset_state` always sets zeros.
            dtype: its dtype; None for `config.floatx()`.
            aggregation: see `Variable`.
            name: its name.

        Returns:
            The Variable, which is not trainable.
        """
        with name_scope(self.name.replace("/", ">"), self):
            variable = Variable(
                initializers.get(initializer or "zeros"),
                shape=shape,
                dtype=dtype,
                trainable=False,
                aggregation=aggregation,
                name=name,
            )
        self._variables.append(variable)
        return variable

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Adds a variable to the metric's state, by default a scalar. Arguments as in `add_variable`."""
        return self.add_variable(shape=shape, initializer=initializer, dtype=dtype, name=name)

    def reset_state(self) -> None:
        """Sets all variables to zeros."""
        for v in self.variables:
            v.assign(np.zeros(v.shape, v.dtype))

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds a batch to the state; `fit` passes y_true, y_pred and sample_weight."""
        raise NotImplementedError(f"{type(self).__name__} must implement update_state().")

    def result(self) -> Any:
        """Returns the value of the metric for the state, a scalar."""
        raise NotImplementedError(f"{type(self).__name__} must implement result().")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls `update_state` and returns `result`."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def quotient(total: Variable, count: Variable) -> Any:
    """Returns total / count, or 0 if count is 0. While a step is recorded, the division becomes part of it."""
    if _core.recording():
        return ops.divide_no_nan(total, count)
    n = float(count)
    return _core.tensor(np.float64(float(total) / n if n else 0.0))
