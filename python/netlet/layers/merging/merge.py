"""Layers with several inputs: Add, Subtract, Multiply, ... (shapes broadcast), and Concatenate."""

from __future__ import annotations

import functools
from typing import Any

from netlet import ops

from ..base.layer import Layer


class Merge(Layer):
    """Base of layers with a list of inputs, which `combine` combines two at a time.

    Input: a list of tensors (B, ...); output: one tensor of the broadcast shape. Inputs of a lower rank get axes of
    size 1 after the batch axis; then the shapes broadcast. The output's mask is the logical or of the inputs' masks;
    there is none if an input has none.

    Args:
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: when called: not a list, the wrong number of inputs, or shapes that do not broadcast.

    >>> import numpy as np
    >>> class Distance(Merge):
    ...     minimum, maximum = 2, 2  # numbers of inputs
    ...     def combine(self, a, b):
    ...         return abs(a - b)
    >>> Distance()([np.array([[1.0]], "float32"), np.array([[3.0]], "float32")]).numpy()
    array([[2.]], dtype=float32)
    """

    minimum, maximum = 1, 2**31

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def combine(self, a: Any, b: Any) -> Any:
        """The result for two inputs; subclasses define it.

        Args:
            a: the first input, or the result so far.
            b: the next input, of the same rank.

        Returns:
            Tensor of the broadcast shape.

        Raises:
            NotImplementedError: a subclass does not define it.
        """
        raise NotImplementedError

    def build(self, input_shape: Any) -> None:
        if not input_shape or not isinstance(input_shape[0], (tuple, list)):
            raise ValueError(f"Layer '{self.name}': expected a list of inputs, received one of shape {input_shape}.")
        if not self.minimum <= len(input_shape) <= self.maximum:
            wanted = f"{self.minimum}" if self.minimum == self.maximum else f"at least {self.minimum}"
            raise ValueError(f"Layer '{self.name}': expected {wanted} inputs, received {len(input_shape)}.")
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)):
            raise ValueError(
                f"Layer '{self.name}': expected a list of inputs, received one of shape {tuple(inputs.shape)}."
            )
        rank = max(len(x.shape) for x in inputs)
        alike = [ops.reshape(x, _at_rank(tuple(x.shape), rank)) if len(x.shape) < rank else x for x in inputs]
        return functools.reduce(self.combine, alike)

    def compute_output_shape(self, input_shape: Any) -> Any:
        rank = max(len(s) for s in input_shape)
        columns = zip(*(_at_rank(s, rank) for s in input_shape), strict=True)
        return tuple(self._broadcast(column, input_shape) for column in columns)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The logical or of the inputs' masks; None if an input has no mask."""
        masks = self._masks(inputs, mask)
        return None if any(m is None for m in masks) else functools.reduce(ops.logical_or, masks)

    def _masks(self, inputs: Any, mask: Any) -> list[Any]:
        if mask is None:
            return [None] * len(inputs)
        if not isinstance(mask, (list, tuple)) or len(mask) != len(inputs):
            raise ValueError(
                f"Layer '{self.name}': expected one mask (or None) for each of {len(inputs)} inputs, received {mask!r}."
            )
        return list(mask)

    def _broadcast(self, extents: tuple[int | None, ...], shapes: Any) -> int | None:
        known = {d for d in extents if d not in (None, 1)}
        if len(known) > 1:
            raise ValueError(
                f"Layer '{self.name}': expected inputs whose shapes broadcast, received {[tuple(s) for s in shapes]}."
            )
        return known.pop() if known else None if None in extents else 1


def _at_rank(shape: Any, rank: int) -> tuple[Any, ...]:
    """The shape with axes of size 1 inserted after the batch axis, up to `rank`, as in Keras."""
    return (*shape[:1], *([1] * (rank - len(shape))), *shape[1:])


class Add(Merge):
    """Adds the inputs element by element.

    Input: a list of tensors whose shapes broadcast; output: one tensor of the broadcast shape.

    Args:
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: when called: not a list, or shapes that do not broadcast.

    >>> import numpy as np
    >>> Add()([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[4., 3.]], dtype=float32)
    """

    def combine(self, a: Any, b: Any) -> Any:
        return ops.add(a, b)


class Subtract(Merge):
    """Subtracts the second of two inputs from the first, element by element.

    Input: a list of two tensors whose shapes broadcast; output: one tensor of the broadcast shape.

    Args:
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: when called: not a list of two inputs, or shapes that do not broadcast.

    >>> import numpy as np
    >>> Subtract()([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[-2.,  1.]], dtype=float32)
    """

    minimum = maximum = 2

    def combine(self, a: Any, b: Any) -> Any:
        return ops.subtract(a, b)


class Multiply(Merge):
    """Multiplies the inputs element by element.

    Input: a list of tensors whose shapes broadcast; output: one tensor of the broadcast shape.

    Args:
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: when called: not a list, or shapes that do not broadcast.

    >>> import numpy as np
    >>> Multiply()([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[3., 2.]], dtype=float32)
    """

    def combine(self, a: Any, b: Any) -> Any:
        return ops.multiply(a, b)


class Average(Merge):
    """Averages the inputs element by element.

    Input: a list of tensors whose shapes broadcast; output: one tensor of the broadcast shape.

    Args:
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: when called: not a list, or shapes that do not broadcast.

    >>> import numpy as np
    >>> Average()([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[2. , 1.5]], dtype=float32)
    """

    def combine(self, a: Any, b: Any) -> Any:
        return ops.add(a, b)

    def call(self, inputs: Any) -> Any:
        return ops.multiply(super().call(inputs), 1.0 / len(inputs))


class Maximum(Merge):
    """Maximum of the inputs, element by element.

    Input: a list of tensors whose shapes broadcast; output: one tensor of the broadcast shape.

    Args:
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: when called: not a list, or shapes that do not broadcast.

    >>> import numpy as np
    >>> Maximum()([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[3., 2.]], dtype=float32)
    """

    def combine(self, a: Any, b: Any) -> Any:
        return ops.maximum(a, b)


class Minimum(Merge):
    """Minimum of the inputs, element by element.

    Input: a list of tensors whose shapes broadcast; output: one tensor of the broadcast shape.

    Args:
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: when called: not a list, or shapes that do not broadcast.

    >>> import numpy as np
    >>> Minimum()([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[1., 1.]], dtype=float32)
    """

    def combine(self, a: Any, b: Any) -> Any:
        return ops.minimum(a, b)


class Concatenate(Merge):
    """Concatenates the inputs along an axis.

    Input: a list of tensors with equal dimensions except along `axis`; output: one tensor whose size along `axis` is
    the sum of theirs. The masks are concatenated too; an input without a mask counts as all True.

    Args:
        axis: the axis, counted with the batch axis; -1 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: when called: not a list, an axis out of bounds, or different ranks or dimensions.

    Source: Keras 3, `keras.layers.Concatenate`.

    >>> import numpy as np
    >>> Concatenate()([np.ones((2, 3), "float32"), np.ones((2, 4), "float32")]).shape
    (2, 7)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return ops.concatenate(list(inputs), axis=self.axis)

    def compute_output_shape(self, input_shape: Any) -> Any:
        rank = len(input_shape[0])
        if any(len(s) != rank for s in input_shape) or not -rank <= self.axis < rank:
            raise ValueError(
                f"Layer '{self.name}': expected inputs of one rank with an axis {self.axis}, received shapes "
                f"{[tuple(s) for s in input_shape]}."
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
                    f"Layer '{self.name}': expected shapes that are equal except along axis {self.axis}, "
                    f"received {[tuple(s) for s in input_shape]}."
                )
            out.append(known.pop() if known else None)
        return tuple(out)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The concatenated masks; an input without a mask counts as all True. None if no input has a mask."""
        masks = self._masks(inputs, mask)
        if all(m is None for m in masks):
            return None
        whole = [self._whole(x, m) for x, m in zip(inputs, masks, strict=True)]
        return ops.any(ops.concatenate(whole, axis=self.axis), axis=-1)

    def _whole(self, x: Any, mask: Any) -> Any:
        """The mask with the shape of x; all True if it is None."""
        if mask is None:
            return ops.ones_like(x, dtype="bool")
        if len(mask.shape) >= len(x.shape):
            return mask
        return ops.logical_or(ops.expand_dims(mask, -1), ops.zeros_like(x, dtype="bool"))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
