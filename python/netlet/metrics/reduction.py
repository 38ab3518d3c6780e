"""Sums and means of all values since the last reset, accumulated in float64. They are not means of batch means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from netlet import _core, losses, ops
from netlet.config import FLOATS
from netlet.engine.graph import mask_of
from netlet.engine.stateless_scope import in_stateless_scope
from netlet.losses.arrays import is_leading, match_ranks
from netlet.losses.masked import apply_mask
from netlet.ops.core.dispatch import concrete
from netlet.saving.serialization import deserialize_object, serialize_object

from .metric import Metric, quotient


class _Accumulator(Metric):
    """A metric whose state is one or two contiguous float64 numbers, which one kernel updates."""

    cells: tuple[str, ...]

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        for cell in self.cells:
            setattr(self, cell, self.add_variable((), "zeros", "float64", name=cell))
        self._gather()

    def _gather(self) -> None:
        """Moves the state's variables to one block of memory, `_state`."""
        self._state = _core.tensor(np.zeros(len(self.cells)))
        for i, cell in enumerate(self.cells):
            getattr(self, cell)._rebind(_core.view(self._state, (), 8 * i))

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_state"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._gather()

    def reset_state(self) -> None:
        if in_stateless_scope():
            return super().reset_state()
        self._state.copy_from(np.zeros(len(self.cells)))

    @contextmanager
    def _writing(self) -> Iterator[_core.Tensor]:
        """The state, to be written. In a StatelessScope it is a copy, which is then assigned to the variables."""
        if not in_stateless_scope():
            yield self._state
            return
        cells = [getattr(self, cell) for cell in self.cells]
        state = _core.stack([cell._tensor for cell in cells])
        yield state
        for i, cell in enumerate(cells):
            cell.assign(_core.getitem(state, i))

    def _accumulate(self, values: Any, sample_weight: Any, reduce: Callable[..., Any]) -> None:
        values = concrete(values)
        if sample_weight is not None:  # as in Keras: without weights, a mask of the values has no effect
            dtype = values.dtype if values.dtype in FLOATS else self.dtype
            sample_weight = apply_mask(sample_weight, mask_of(values), str(dtype), "sum")
        if sample_weight is None:
            return self._add(values, None)
        if isinstance(sample_weight, (int, float)):
            # One weight for the whole array: the array counts as one sample.
            values = reduce(values) if len(values.shape) else values
            return self._add(values, None, float(sample_weight))
        values, weight = match_ranks(values, sample_weight)
        if len(weight.shape) == 0 and len(values.shape):
            values = reduce(values)
        if not is_leading(tuple(weight.shape), tuple(values.shape)):
            weight = _core.broadcast_to(weight, tuple(values.shape))
        return self._add(values, weight)

    def _add(self, values: Any, weight: Any, count: float = 1.0) -> None:
        with self._writing() as state:
            _core.accumulate_mean(values, weight, state, count)


class Sum(_Accumulator):
    """Weighted sum of all values since the last reset, in float64.

    `update_state` takes values of any shape, and sample_weight (None, a number, or weights of their shape or its first
    axes).

    Args:
        name: key in the logs; "sum" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: weights whose shape does not fit.

    Source: Keras 3, `keras.metrics.Sum`.

    >>> m = Sum()
    >>> m.update_state([1, 3, 5, 7])
    >>> float(m.result())
    16.0
    """

    cells = ("total",)

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        self._accumulate(values, sample_weight, ops.sum)

    def result(self) -> Any:
        return ops.copy(self.total)  # type: ignore[attr-defined]


class Mean(_Accumulator):
    """Weighted mean of all values since the last reset, in float64.

    It is not a mean of batch means. `update_state` takes values of any shape, and sample_weight (None, a number, or
    weights of their shape or its first axes). With weights of the first axes, a row of several values counts as one
    value, the mean of the row.

    Args:
        name: key in the logs; "mean" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: weights whose shape does not fit.

    Source: Keras 3, `keras.metrics.Mean`.

    >>> m = Mean()
    >>> m.update_state([1, 3, 5, 7], sample_weight=[1, 1, 0, 0])
    >>> float(m.result())
    2.0
    """

    cells = ("total", "count")

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        self._accumulate(values, sample_weight, ops.mean)

    def result(self) -> Any:
        return quotient(self.total, self.count)  # type: ignore[attr-defined]


class MeanMetricWrapper(Mean):
    """Weighted mean of a function of targets and predictions.

    `update_state` takes y_true and y_pred, which `fn` receives, and sample_weight (None, or weights of the samples).

    Args:
        fn: `fn(y_true, y_pred, **kwargs)`, which returns (batch, ...).
        name: key in the logs; None (the default): the function's name.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.
        **kwargs: passed to `fn`.

    Raises:
        ValueError: when updated: weights whose shape does not fit.

    Source: Keras 3, `keras.metrics.MeanMetricWrapper`.

    >>> def off_by(y_true, y_pred):
    ...     return ops.abs(ops.subtract(y_true, y_pred))
    >>> m = MeanMetricWrapper(off_by, name="off_by")
    >>> m.update_state([[0.0], [1.0]], [[0.5], [1.0]])
    >>> float(m.result())
    0.25
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name=name or getattr(fn, "__name__", None) or "mean_metric_wrapper", dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        self._direction: str | None = None
        if isinstance(fn, losses.Loss) or getattr(losses, getattr(fn, "__name__", ""), None) is fn:
            self._direction = "down"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        self._update(y_true, y_pred, self._weight(sample_weight, y_pred))

    def _update(self, y_true: Any, y_pred: Any, weight: Any) -> None:
        Mean.update_state(self, self._fn(y_true, y_pred, **self._fn_kwargs), weight)

    def _weight(self, sample_weight: Any, y_pred: Any) -> Any:
        """Combines sample_weight with the mask of the predictions: masked values have weight 0."""
        return apply_mask(sample_weight, mask_of(y_pred), self.dtype, "sum")

    def get_config(self) -> dict[str, Any]:
        own = {"fn": serialize_object(self._fn), **serialize_object(self._fn_kwargs)}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        if "fn" in config:
            config = deserialize_object(config)
        return cls(**config)


class FunctionMetric(MeanMetricWrapper):
    """A MeanMetricWrapper whose class defines its function, so its config holds only the options."""

    _function: Callable[..., Any]
    _best = "down"  # whether smaller ("down") or larger ("up") values are better

    def __init__(self, name: str, dtype: Any = None, **options: Any) -> None:
        super().__init__(type(self)._function, name=name, dtype=dtype, **options)
        self._direction = self._best
        for key, value in options.items():
            setattr(self, key, value)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        return cls(**config)
