"""The merging layers as functions: `add(inputs)` makes the layer `Add` and calls it."""

from __future__ import annotations

from typing import Any

from .dot import Dot
from .merge import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract


def add(inputs: Any, **kwargs: Any) -> Any:
    """Adds inputs element by element.

    It makes the layer `Add` and calls it.

    Args:
        inputs: list of two or more tensors or arrays (B, ...) whose shapes broadcast, symbolic ones too.
        **kwargs: the arguments of `Add`, e.g. `name`.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        ValueError: not a list, or shapes that do not broadcast.

    >>> import numpy as np
    >>> add([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[4., 3.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Subtracts the second of two inputs from the first, element by element.

    It makes the layer `Subtract` and calls it.

    Args:
        inputs: list of two tensors or arrays (B, ...) whose shapes broadcast, symbolic ones too.
        **kwargs: the arguments of `Subtract`, e.g. `name`.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        ValueError: not a list of two, or shapes that do not broadcast.

    >>> import numpy as np
    >>> subtract([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[-2.,  1.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Multiplies inputs element by element.

    It makes the layer `Multiply` and calls it.

    Args:
        inputs: list of two or more tensors or arrays (B, ...) whose shapes broadcast, symbolic ones too.
        **kwargs: the arguments of `Multiply`, e.g. `name`.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        ValueError: not a list, or shapes that do not broadcast.

    >>> import numpy as np
    >>> multiply([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[3., 2.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Averages inputs element by element.

    It makes the layer `Average` and calls it.

    Args:
        inputs: list of two or more tensors or arrays (B, ...) whose shapes broadcast, symbolic ones too.
        **kwargs: the arguments of `Average`, e.g. `name`.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        ValueError: not a list, or shapes that do not broadcast.

    >>> import numpy as np
    >>> average([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[2. , 1.5]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Maximum of the inputs, element by element.

    It makes the layer `Maximum` and calls it.

    Args:
        inputs: list of two or more tensors or arrays (B, ...) whose shapes broadcast, symbolic ones too.
        **kwargs: the arguments of `Maximum`, e.g. `name`.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        ValueError: not a list, or shapes that do not broadcast.

    >>> import numpy as np
    >>> maximum([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[3., 2.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Minimum of the inputs, element by element.

    It makes the layer `Minimum` and calls it.

    Args:
        inputs: list of two or more tensors or arrays (B, ...) whose shapes broadcast, symbolic ones too.
        **kwargs: the arguments of `Minimum`, e.g. `name`.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        ValueError: not a list, or shapes that do not broadcast.

    >>> import numpy as np
    >>> minimum([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 1.0]], "float32")]).numpy()
    array([[1., 1.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Concatenates inputs along an axis.

    It makes the layer `Concatenate` and calls it.

    Args:
        inputs: list of tensors or arrays with equal dimensions except along `axis`, symbolic ones too.
        axis: the axis, counted with the batch axis; -1 by default.
        **kwargs: the arguments of `Concatenate`, e.g. `name`.

    Returns:
        Tensor whose size along `axis` is the sum of theirs.

    Raises:
        ValueError: not a list, an axis out of bounds, or different ranks or dimensions.

    >>> import numpy as np
    >>> concatenate([np.ones((2, 3), "float32"), np.ones((2, 4), "float32")]).shape
    (2, 7)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Dot product of two inputs over one axis of each, for each sample.

    It makes the layer `Dot` and calls it.

    Args:
        inputs: list of two tensors or arrays (B, ...), symbolic ones too.
        axes: one axis for both inputs, or a pair; counted with the batch axis; -1 by default.
        **kwargs: the arguments of `Dot`, e.g. `name`.

    Returns:
        Tensor (B, other axes of the first, other axes of the second), or (B, 1) if there are none.

    Raises:
        ValueError: not two inputs, or axes of different sizes.

    >>> import numpy as np
    >>> dot([np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 4.0]], "float32")], axes=1).numpy()
    array([[11.]], dtype=float32)
    """
    return Dot(axes=axes, **kwargs)(inputs)
