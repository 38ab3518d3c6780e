"""Loss: base of all losses, and the reduction of values to one number per batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import _core, config, ops
from netlet.base.naming import auto_name
from netlet.base.tree import flatten, is_nested, map_structure, pack_like
from netlet.engine.graph import mask_of
from netlet.saving.serialization import deserialize_object, serialize_object

from .arrays import as_tensor, is_leading, match_ranks
from .labels import class_label_problem
from .masked import apply_mask, both
from .sharded import part_of_batch

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


def standardize_reduction(reduction: Any) -> str | None:
    """Returns `reduction` if it is one of Keras's.

    Raises:
        ValueError: it is not.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(
            f"Invalid value for argument `reduction`. Expected one of {REDUCTIONS}. Received: reduction={reduction}"
        )
    return reduction


def is_structure(y: Any) -> bool:
    """Whether y is a structure of Tensors, and not one array or a list of numbers."""
    return isinstance(y, dict) or (is_nested(y) and all(isinstance(leaf, _core.Tensor) for leaf in flatten(y)))


def reduce_weighted_values(
    values: Any, sample_weight: Any = None, reduction: str | None = "sum_over_batch_size"
) -> Any:
    """Reduces values * sample_weight.

    Args:
        values: losses, usually (batch,).
        sample_weight: None, or weights whose shape is that of values, its first axes, or one that broadcasts to it.
        reduction: "sum_over_batch_size" and "mean" divide the sum by the number of values, "mean_with_sample_weight"
            divides it by the sum of the weights, "sum" does not divide; "none" and None do not reduce.

    Returns:
        A scalar; with "none" or None the weighted values.

    Example:

    >>> float(reduce_weighted_values([1.0, 3.0], sample_weight=[1.0, 0.0]))
    0.5
    """
    name = reduction or "none"
    if sample_weight is None:
        return _core.loss_reduce(values, None, None, name)
    values, weight = match_ranks(values, sample_weight)
    if is_leading(tuple(weight.shape), tuple(values.shape)):
        return _core.loss_reduce(values, weight, None, name)
    total = ops.multiply(values, ops.cast_if_needed(weight, str(values.dtype)))
    if name != "mean_with_sample_weight":
        return _core.loss_reduce(total, None, None, name)
    return ops.divide_no_nan(ops.sum(total), ops.cast_if_needed(ops.sum(weight), str(values.dtype)))


class Loss:
    """Base of all losses. Subclasses define `call(y_true, y_pred)`, which returns one value per sample.

    Called with (y_true, y_pred, sample_weight=None), each with the batch first, a loss returns a scalar, or one value
    per sample with reduction "none".

    Args:
        name: used in errors and configs; None (the default): the class's name in snake case, numbered.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        dtype: dtype or policy to which y_true and y_pred are cast. None (the default): y_pred's dtype if it is float32
            or float64, else `config.floatx()`. For float16 and bfloat16 the loss is computed in float32 and rounded.

    Raises:
        ValueError: an unknown reduction.

    Source: Keras 3, `keras.losses.Loss`.

    Example:

    >>> class Cubed(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean(ops.power(ops.abs(y_true - y_pred), 3.0), axis=-1)
    >>> float(Cubed()([[0.0, 1.0]], [[1.0, 3.0]]))
    4.5
    """

    # Whether `call` uses integer class labels. If so, the trainer feeds int32 instead of floats.
    wants_integer_labels = False

    def __init__(self, name: str | None = None, reduction: Any = "sum_over_batch_size", dtype: Any = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.reduction = standardize_reduction(reduction)
        self._dtype = None if dtype is None else config.standardize_dtype(dtype)

    @property
    def dtype(self) -> str:
        """The dtype that was given to the constructor, or `config.floatx()`."""
        return self._dtype or config.floatx()

    def _predictions(self, y_pred: Any) -> _core.Tensor:
        """Casts y_pred to the dtype of the computation."""
        y_pred = as_tensor(y_pred, "float32" if self._dtype in config.HALVES else self._dtype)
        return y_pred if y_pred.dtype in config.FLOATS else as_tensor(y_pred, self.dtype)

    def _rounded(self, loss: Any) -> Any:
        """The loss in its dtype, where that is only for storage."""
        return as_tensor(loss, self._dtype) if self._dtype in config.HALVES else loss

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Computes the reduced loss.

        Args:
            y_true: targets, (batch, ...), or a structure of them.
            y_pred: predictions, (batch, ...), or the same structure of them, which `call` receives. If y_pred or the
                result of `call` has a mask, masked values do not count.
            sample_weight: factor of each sample's loss, (batch,) or a shape that `reduce_weighted_values` accepts.

        Returns:
            A scalar Tensor, or one value per sample with reduction "none".
        """
        mask = mask_of(y_pred)
        if is_structure(y_pred):
            y_pred = map_structure(self._predictions, y_pred)
            dtype = flatten(y_pred)[0].dtype
            y_true = map_structure(lambda t: as_tensor(t, dtype), y_true)
        else:
            y_pred = self._predictions(y_pred)
            dtype = y_pred.dtype
            y_true = as_tensor(y_true, dtype)
        values = as_tensor(self.call(y_true, y_pred))
        mask = both(mask, mask_of(values))
        weight = None if sample_weight is None else as_tensor(sample_weight, dtype)
        weight = apply_mask(weight, mask, dtype, self.reduction)
        loss = reduce_weighted_values(as_tensor(values, dtype), weight, self.reduction)
        return self._rounded(part_of_batch(loss, weight, self.reduction))

    def label_problem(self, labels: Any, shape: tuple[int, ...]) -> str | None:
        """Describes the first wrong integer label.

        Args:
            labels: integers (rows, ...).
            shape: of the predictions, (rows, ..., classes).

        Returns:
            The description; None if all labels are right.
        """
        return class_label_problem(labels, shape, getattr(self, "ignore_class", None))

    @property
    def wants_plain_classes(self) -> bool:
        """Whether every label must be one of the classes 0, 1, ..."""
        return self.wants_integer_labels and getattr(self, "ignore_class", None) is None

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value per sample; a subclass defines it.

        Args:
            y_true: targets (batch, ...), a Tensor of y_pred's dtype, or a structure of them.
            y_pred: predictions (batch, ...), or a structure of them.

        Returns:
            Tensor (batch, ...).

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement call(y_true, y_pred).")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {argument: plain value}, from which `from_config` makes an equal one.
        """
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """Makes the loss from its config.

        Args:
            config: what `get_config` returned.

        Returns:
            An object of this class.
        """
        return cls(**config)


class LossFunctionWrapper(Loss):
    """A loss from a function `fn(y_true, y_pred, **kwargs)` that returns one value per sample.

    Args:
        fn: the function. Many of netlet's own are computed by one kernel together with the reduction.
        reduction: as in `Loss`; "sum_over_batch_size" by default.
        name: used in errors and configs; None (the default): "loss_function_wrapper", numbered.
        dtype: as in `Loss`; None by default.
        **kwargs: passed to `fn`.

    Raises:
        ValueError: an unknown reduction.

    Source: Keras 3, `keras.losses.LossFunctionWrapper`.

    Example:

    >>> def worst(y_true, y_pred):
    ...     return ops.max(ops.abs(y_true - y_pred), axis=-1)
    >>> float(LossFunctionWrapper(worst)([[0.0, 0.0]], [[1.0, -3.0]]))
    3.0
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: Any = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        self._take_from_function()

    def _take_from_function(self) -> None:
        fn = self.fn
        self._fused: Callable[..., Any] | None = getattr(fn, "fused", None)
        self.wants_integer_labels = bool(getattr(fn, "wants_integer_labels", False))
        if getattr(fn, "label_problem", None) is not None:
            self.label_problem = fn.label_problem  # type: ignore[attr-defined, method-assign]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        mask = mask_of(y_pred)
        ignores = self._fn_kwargs.get("ignore_class") is not None
        if self._fused is None or (mask is not None and ignores) or is_structure(y_pred):
            return super().__call__(y_true, y_pred, sample_weight)
        y_pred = self._predictions(y_pred)
        y_true = as_tensor(y_true, None if self.wants_integer_labels else y_pred.dtype)
        weight = None if sample_weight is None else as_tensor(sample_weight, y_pred.dtype)
        weight = apply_mask(weight, mask, y_pred.dtype, self.reduction)
        if not self.wants_integer_labels:
            y_true, y_pred = match_ranks(y_true, y_pred)
        if weight is None or is_leading(tuple(weight.shape), tuple(y_pred.shape[:-1])):
            loss = self._fused(y_true, y_pred, weight, self.reduction or "none", **self._fn_kwargs)
        else:
            loss = reduce_weighted_values(self.fn(y_true, y_pred, **self._fn_kwargs), weight, self.reduction)
        return self._rounded(part_of_batch(loss, weight, self.reduction))

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_fused", "label_problem")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._take_from_function()

    @property
    def wants_plain_classes(self) -> bool:
        return super().wants_plain_classes and getattr(self.fn, "label_problem", None) is None

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if is_structure(y_pred):
            pairs = [match_ranks(t, p) for t, p in zip(flatten(y_true), flatten(y_pred), strict=True)]
            y_true, y_pred = (pack_like(s, list(v)) for s, v in zip((y_true, y_pred), zip(*pairs)))
        else:
            y_true, y_pred = match_ranks(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        own = {"fn": serialize_object(self.fn), **serialize_object(self._fn_kwargs)}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        if "fn" in config:
            config = deserialize_object(config)
        return cls(**config)

    def __repr__(self) -> str:
        return f"<LossFunctionWrapper({self.fn}, kwargs={self._fn_kwargs})>"
