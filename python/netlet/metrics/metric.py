"""Metric: base of all metrics. A metric stores its state in variables and updates it with each batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from netlet import _core, config, initializers, ops
from netlet.base.naming import auto_name, name_scope
from netlet.engine.variable import Variable


class Metric:
    """Base of all metrics. Subclasses create variables with `add_weight` and define `update_state` and `result`.

    `update_state` is recorded as part of the step, so it must use `netlet.ops` on Tensors and not NumPy.

    Args:
        dtype: a dtype or a DTypePolicy, whose compute dtype is used; None (the default) for `config.floatx()`. netlet's
            own metrics store their state in float64, whatever it is.
        name: its key in the logs; None (the default): the class's name in snake case, numbered.

    Source: Keras 3, `keras.metrics.Metric`.

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
        self._dtype = _dtype_of(dtype)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("_variables", "_metrics"):
            if not hasattr(self, "_variables"):
                raise RuntimeError("You forgot to call `super().__init__()` in the `__init__()` method. Go add it!")
            for item in _leaves(value):
                if isinstance(item, Variable) and not any(item is v for v in self._variables):
                    self._variables.append(item)
                if isinstance(item, Metric) and not any(item is m for m in self._metrics):
                    self._metrics.append(item)
        super().__setattr__(name, value)

    @property
    def dtype(self) -> str:
        """The dtype that was given to the constructor, or `config.floatx()`."""
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
            shape: tuple of integers.
            initializer: name or Initializer of its first value; None for zeros. `reset_state` always sets zeros.
            dtype: its dtype; None (the default) for `config.floatx()`.
            aggregation: see `Variable`; "sum" by default.
            name: name of the variable; None (the default): "variable", numbered.

        Returns:
            The Variable, which is not trainable.
        """
        with name_scope(self.name.replace("/", ">"), self):
            variable = Variable(
                initializers.get("zeros" if initializer is None else initializer),
                shape=shape,
                dtype=dtype,
                trainable=False,
                aggregation=aggregation,
                name=name,
            )
        variable.accumulates = True
        self._variables.append(variable)
        return variable

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Adds a variable to the metric's state, by default a scalar.

        Args:
            shape: tuple of integers; () by default.
            initializer: name or Initializer of its first value; None (the default) for zeros. `reset_state` always sets
                zeros.
            dtype: its dtype; None (the default) for `config.floatx()`.
            name: name of the variable; None (the default): "variable", numbered.

        Returns:
            The Variable, which is not trainable.
        """
        return self.add_variable(shape=shape, initializer=initializer, dtype=dtype, name=name)

    def reset_state(self) -> None:
        """Sets all variables to zeros."""
        for v in self.variables:
            v.assign(np.zeros(v.shape, v.dtype))

    # ---- with the state as an argument -------------------------------------------------------------------------------
    def stateless_update_state(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Computes the state after an update of a given state; the metric's own state stays as it is.

        Args:
            metric_variables: values of `variables`, in their order.
            *args: positional arguments of `update_state`.
            **kwargs: keyword arguments of `update_state`.

        Returns:
            List of Tensors, the new values of `variables`.

        Raises:
            ValueError: another number of values than variables.
        """
        with self._lent(metric_variables):
            self.update_state(*args, **kwargs)
            return self._values()

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """Computes the result for a given state; the metric's own state stays as it is.

        Args:
            metric_variables: values of `variables`, in their order.

        Returns:
            What `result` returns.

        Raises:
            ValueError: another number of values than variables.
        """
        with self._lent(metric_variables):
            return self.result()

    def stateless_reset_state(self) -> list[Any]:
        """Computes the state after a reset; the metric's own state stays as it is.

        Returns:
            List of Tensors, one for each of `variables`.
        """
        with self._lent(self.variables):
            self.reset_state()
            return self._values()

    def _values(self) -> list[Any]:
        return [ops.copy(v) for v in self.variables]

    @contextmanager
    def _lent(self, values: Sequence[Any]) -> Iterator[None]:
        """Context manager: the variables hold `values` inside, and their own values again afterwards."""
        if len(values) != len(self.variables):
            raise self._error(
                f"metric_variables with one value for each of {len(self.variables)} variables", str(len(values))
            )
        own = list(zip(self.variables, self._values(), strict=True))
        for (variable, _), value in zip(own, [ops.copy(v) for v in values], strict=True):
            variable.assign(value)
        try:
            yield
        finally:
            for variable, value in own:
                variable.assign(value)

    # ---- to be overridden --------------------------------------------------------------------------------------------
    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds a batch to the state; a subclass defines it.

        Args:
            *args: `fit` passes y_true and y_pred, (batch, ...).
            **kwargs: `fit` passes sample_weight, None or (batch,).

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement update_state().")

    def result(self) -> Any:
        """The value of the metric for the state; a subclass defines it.

        Returns:
            Scalar Tensor.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement result().")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls `update_state` and returns `result`.

        Args:
            *args: positional arguments of `update_state`.
            **kwargs: keyword arguments of `update_state`.

        Returns:
            What `result` returns.
        """
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {argument: plain value}, from which `from_config` makes an equal one.
        """
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """Makes the metric from its config.

        Args:
            config: what `get_config` returned.

        Returns:
            Metric of this class, with a new state.
        """
        return cls(**config)

    def _error(self, expected: str, received: str) -> ValueError:
        return ValueError(f"{type(self).__name__} '{self.name}': expected {expected}, received {received}.")

    def _check_same_shape(self, y_true: Any, y_pred: Any) -> None:
        """Raises ValueError if two Tensors have different shapes."""
        if tuple(y_true.shape) != tuple(y_pred.shape):
            raise self._error(f"y_true of y_pred's shape {tuple(y_pred.shape)}", f"{tuple(y_true.shape)}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _leaves(value: Any) -> Iterator[Any]:
    """The items of nested lists, tuples and dicts, in the order in which they were put in."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _dtype_of(dtype: Any) -> str:
    if dtype is None:
        return config.floatx()
    if isinstance(dtype, dict) or (isinstance(dtype, str) and dtype.startswith("mixed_")):
        return config.get_policy(dtype).compute_dtype
    return config.standardize_dtype(dtype)


def quotient(total: Variable, count: Variable) -> Any:
    """Returns total / count, or 0 if count is 0. While a step is recorded, the division becomes part of it."""
    if _core.recording():
        return ops.divide_no_nan(total, count)
    n = float(count)
    return _core.tensor(np.float64(float(total) / n if n else 0.0))
