"""Layers of several inputs: Add, Subtract, Multiply, ... (shapes broadcast), Concatenate and Dot."""

from __future__ import annotations

import functools
from typing import Any

from netlet import ops

from ..base.layer import Layer


class Merge(Layer):
    """Base: a list of inputs, combined two at a time by `combine`."""

    minimum, maximum = 1, 2**31

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def combine(self, a: Any, b: Any) -> Any:
        raise NotImplementedError

    def build(self, input_shape: Any) -> None:
        if not input_shape or not isinstance(input_shape[0], (tuple, list)):
            raise ValueError(f"Layer '{self.name}' expects a list of inputs; given one of shape {input_shape}.")
        if not self.minimum <= len(input_shape) <= self.maximum:
            wanted = f"{self.minimum}" if self.minimum == self.maximum else f"at least {self.minimum}"
            raise ValueError(f"Layer '{self.name}' expects {wanted} inputs; given {len(input_shape)}.")
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)):
            raise ValueError(f"Layer '{self.name}' expects a list of inputs; given one of shape {tuple(inputs.shape)}.")
        rank = max(len(x.shape) for x in inputs)
        alike = [ops.reshape(x, _at_rank(tuple(x.shape), rank)) if len(x.shape) < rank else x for x in inputs]
        return functools.reduce(self.combine, alike)

    def compute_output_shape(self, input_shape: Any) -> Any:
        rank = max(len(s) for s in input_shape)
        columns = zip(*(_at_rank(s, rank) for s in input_shape), strict=True)
        return tuple(self._broadcast(column, input_shape) for column in columns)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Where any of the inputs counts, if all of them have a mask."""
        masks = self._masks(inputs, mask)
        return None if any(m is None for m in masks) else functools.reduce(ops.logical_or, masks)

    def _masks(self, inputs: Any, mask: Any) -> list[Any]:
        if mask is None:
            return [None] * len(inputs)
        if not isinstance(mask, (list, tuple)) or len(mask) != len(inputs):
            raise ValueError(
                f"Layer '{self.name}' expects one mask (or None) for each of its {len(inputs)} inputs; given {mask!r}."
            )
        return list(mask)

    def _broadcast(self, extents: tuple[int | None, ...], shapes: Any) -> int | None:
        known = {d for d in extents if d not in (None, 1)}
        if len(known) > 1:
            raise ValueError(f"Layer '{self.name}' cannot combine inputs of shapes {[tuple(s) for s in shapes]}.")
        return known.pop() if known else None if None in extents else 1


def _at_rank(shape: Any, rank: int) -> tuple[Any, ...]:
    """Axes of extent 1 after the batch axis, as Keras adds them."""
    return (*shape[:1], *([1] * (rank - len(shape))), *shape[1:])


class Add(Merge):
    """Sum of the inputs."""

    def combine(self, a: Any, b: Any) -> Any:
        return ops.add(a, b)


class Subtract(Merge):
    """The first of two inputs minus the second."""

    minimum = maximum = 2

    def combine(self, a: Any, b: Any) -> Any:
        return ops.subtract(a, b)


class Multiply(Merge):
    """Product of the inputs, element by element."""

    def combine(self, a: Any, b: Any) -> Any:
        return ops.multiply(a, b)


class Average(Merge):
    """Mean of the inputs."""

    def combine(self, a: Any, b: Any) -> Any:
        return ops.add(a, b)

    def call(self, inputs: Any) -> Any:
        return ops.multiply(super().call(inputs), 1.0 / len(inputs))


class Maximum(Merge):
    """The largest of the inputs, element by element."""

    def combine(self, a: Any, b: Any) -> Any:
        return ops.maximum(a, b)


class Minimum(Merge):
    """The smallest of the inputs, element by element."""

    def combine(self, a: Any, b: Any) -> Any:
        return ops.minimum(a, b)


class Concatenate(Merge):
    """The inputs one after another along `axis`; their other extents are equal."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return ops.concatenate(list(inputs), axis=self.axis)

    def compute_output_shape(self, input_shape: Any) -> Any:
        rank = len(input_shape[0])
        if any(len(s) != rank for s in input_shape) or not -rank <= self.axis < rank:
            raise ValueError(
                f"Layer '{self.name}' cannot join shapes {[tuple(s) for s in input_shape]} along axis {self.axis}."
            )
        at = self.axis % rank
        out: list[int | None] = []
        for i, extents in enumerate(zip(*input_shape, strict=True)):
            if i == at:
                out.append(None if None in extents else sum(extents))
                continue
            known = {d for d in extents if d is not None}
            if len(known) > 1:
                raise ValueError(
                    f"Layer '{self.name}' expects inputs that are equal except along axis {self.axis}; "
                    f"given {[tuple(s) for s in input_shape]}."
                )
            out.append(known.pop() if known else None)
        return tuple(out)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The masks one after another, where an input without one counts everywhere; None if none has one."""
        masks = self._masks(inputs, mask)
        if all(m is None for m in masks):
            return None
        whole = [self._whole(x, m) for x, m in zip(inputs, masks, strict=True)]
        return ops.any(ops.concatenate(whole, axis=self.axis), axis=-1)

    def _whole(self, x: Any, mask: Any) -> Any:
        """A mask of x's shape where it has fewer axes."""
        if mask is None:
            return ops.ones_like(x, dtype="bool")
        if len(mask.shape) >= len(x.shape):
            return mask
        return ops.logical_or(ops.expand_dims(mask, -1), ops.zeros_like(x, dtype="bool"))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class Dot(Merge):
    """Dot product of two inputs, sample by sample, over one axis of each.

    Args:
        axes: one axis for both, or a pair; counted with the batch axis.
        normalize: whether to scale to unit length first (cosine similarity).
    """

    minimum = maximum = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = axes if isinstance(axes, (list, tuple)) else (axes, axes)
        if len(pair) != 2 or not all(isinstance(a, int) for a in pair):
            raise ValueError(f"Dot: `axes` is an integer or a pair of integers; given {axes!r}.")
        self.axes, self.normalize = axes, normalize

    def _pair(self, ranks: tuple[int, int]) -> tuple[int, int]:
        a, b = self.axes if isinstance(self.axes, (list, tuple)) else (self.axes, self.axes)
        return a % ranks[0], b % ranks[1]

    def call(self, inputs: Any) -> Any:
        x, y = inputs
        a, b = self._pair((len(x.shape), len(y.shape)))
        if self.normalize:
            x, y = ops.normalize(x, axis=a), ops.normalize(y, axis=b)
        n, k = int(x.shape[0]), int(x.shape[a])
        left, right = ops.moveaxis(x, a, -1), ops.moveaxis(y, b, 1)
        product = ops.matmul(ops.reshape(left, (n, -1, k)), ops.reshape(right, (n, k, -1)))
        return ops.reshape(product, self.compute_output_shape([tuple(x.shape), tuple(y.shape)]))

    def compute_output_shape(self, input_shape: Any) -> Any:
        s, t = (tuple(v) for v in input_shape)
        a, b = self._pair((len(s), len(t)))
        if s[a] != t[b] and None not in (s[a], t[b]):
            raise ValueError(
                f"Layer '{self.name}' contracts axes of equal extent; given {s} axis {a} and {t} axis {b}."
            )
        rest = (*s[1:a], *s[a + 1 :], *t[1:b], *t[b + 1 :])
        return (s[0], *rest) if rest else (s[0], 1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _functional(cls: type[Merge]) -> Any:
    def apply(inputs: Any, **kwargs: Any) -> Any:
        return cls(**kwargs)(inputs)

    apply.__doc__ = f"`{cls.__name__}(**kwargs)(inputs)`."
    return apply


add, subtract, multiply = _functional(Add), _functional(Subtract), _functional(Multiply)
average, maximum, minimum = _functional(Average), _functional(Maximum), _functional(Minimum)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate(axis)(inputs)`."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """`Dot(axes)(inputs)`."""
    return Dot(axes=axes, **kwargs)(inputs)
