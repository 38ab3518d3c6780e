"""Flatten, Reshape, Permute and RepeatVector: change the shape or the order of the axes."""

from __future__ import annotations

import math
from typing import Any

from netlet import ops
from netlet.engine.graph import KerasTensor
from netlet.ops.numpy.manipulation import resolve_shape
from netlet.ops.spatial.data_format import channels_last, standardize

from ..base.input_spec import InputSpec
from ..base.layer import Layer


class _Rearranging(Layer):
    """Base of layers whose output has the dtype of the input, which may be an integer."""

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        x = args[0] if args else kwargs["inputs"]
        return KerasTensor(self.compute_output_shape(x.shape), x.dtype)


class Flatten(_Rearranging):
    """Flattens each sample: (B, ...) -> (B, product of the other dimensions); (B,) -> (B, 1).

    Args:
        data_format: "channels_last" (the default) or "channels_first": the channels of (B, C, ...) are moved to the end
            before flattening, so both formats give the same output.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an unknown data_format.

    >>> import numpy as np
    >>> Flatten()(np.zeros((2, 3, 4), "float32")).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        x = channels_last(inputs, self.data_format) if len(inputs.shape) > 1 else inputs
        return ops.reshape(x, (x.shape[0], math.prod(x.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Any:
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(rest))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(_Rearranging):
    """Reshapes each sample: (B, ...) -> (B, *target_shape).

    Args:
        target_shape: tuple of integers without the batch axis; one entry may be -1 (or None), which is computed.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: several entries are -1; when called: the number of elements differs.

    >>> import numpy as np
    >>> Reshape((2, -1))(np.zeros((5, 6), "float32")).shape
    (5, 2, 3)
    """

    _needs_no_build = True

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(-1 if d is None else int(d) for d in target_shape)
        if self.target_shape.count(-1) > 1 or any(d < -1 for d in self.target_shape):
            raise ValueError(f"Reshape: expected `target_shape` with at most one -1, received {target_shape}.")

    def call(self, inputs: Any) -> Any:
        return ops.reshape(inputs, (inputs.shape[0], *self.compute_output_shape(inputs.shape)[1:]))

    def compute_output_shape(self, input_shape: Any) -> Any:
        rest = input_shape[1:]
        if None in rest:
            return (input_shape[0], *(None if d == -1 else d for d in self.target_shape))
        return (input_shape[0], *resolve_shape(self.target_shape, math.prod(rest), rest, f"Layer '{self.name}'"))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(_Rearranging):
    """Permutes the axes of each sample: (B, ...) -> (B, ... in the order `dims`).

    Args:
        dims: tuple, a permutation of 1 to the number of axes after the batch axis.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: `dims` is not a permutation; an input of another rank.

    >>> import numpy as np
    >>> Permute((2, 1))(np.zeros((5, 3, 4), "float32")).shape
    (5, 4, 3)
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Permute: expected `dims` to be a permutation of 1..{len(self.dims)}, received {self.dims}."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *(input_shape[d] for d in self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(_Rearranging):
    """Repeats each vector n times: (B, K) -> (B, n, K).

    Args:
        n: number of repetitions, an integer.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        TypeError: n is not an integer.

    >>> import numpy as np
    >>> RepeatVector(3)(np.zeros((2, 4), "float32")).shape
    (2, 3, 4)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(n, int):
            raise TypeError(f"RepeatVector: expected an integer for `n`, received {n!r}.")
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        b, k = inputs.shape
        return ops.broadcast_to(ops.reshape(inputs, (b, 1, k)), (b, self.n, k))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
