"""Layers that only rearrange: Flatten, Reshape, Permute, RepeatVector, Identity; and Rescaling, Lambda."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import ops
from netlet.base import tree
from netlet.engine.graph import KerasTensor
from netlet.ops.arrays import resolve_shape
from netlet.ops.data_format import channels_last, standardize

from ..activations.activation import Elementwise
from ..base.input_spec import InputSpec
from ..base.layer import Layer


class _Rearranging(Layer):
    """Keeps the dtype of its input, which may be an integer."""

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        x = args[0] if args else kwargs["inputs"]
        return KerasTensor(self.compute_output_shape(x.shape), x.dtype)


class Flatten(_Rearranging):
    """All axes but the first as one: (B, ...) -> (B, product); (B,) -> (B, 1).

    With data_format="channels_first" the channels of (B, C, ...) go last first, so that the result is the same.

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
    """(B, ...) -> (B, *target_shape); one entry of target_shape may be -1.

    >>> Reshape((2, -1))(np.zeros((5, 6), "float32")).shape
    (5, 2, 3)
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(-1 if d is None else int(d) for d in target_shape)
        if self.target_shape.count(-1) > 1 or any(d < -1 for d in self.target_shape):
            raise ValueError(f"Reshape: `target_shape` has at most one -1; given {target_shape}.")

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
    """Axes after the first in another order; `dims` counts from 1.

    >>> Permute((2, 1))(np.zeros((5, 3, 4), "float32")).shape
    (5, 4, 3)
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute: `dims` must be a permutation of 1..{len(self.dims)}; given {self.dims}.")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *(input_shape[d] for d in self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(_Rearranging):
    """(B, K) -> (B, n, K)."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(n, int):
            raise TypeError(f"RepeatVector: `n` must be an integer; given {n!r}.")
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        b, k = inputs.shape
        return ops.broadcast_to(ops.reshape(inputs, (b, 1, k)), (b, self.n, k))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}


class Identity(Elementwise):
    """Passes its input on."""

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return tree.map_structure(lambda t: KerasTensor(t.shape, t.dtype), args[0] if args else kwargs["inputs"])


class Rescaling(Elementwise):
    """x * scale + offset, in the layer's float type: `Rescaling(1 / 255)` for images of bytes.

    >>> Rescaling(1 / 255)(np.array([[0, 255]], "uint8")).numpy()
    array([[0., 1.]], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset

    def call(self, inputs: Any) -> Any:
        x = ops.multiply(ops.cast_if_needed(inputs, self.compute_dtype), self._number(self.scale))
        plain = isinstance(self.offset, (int, float)) and self.offset == 0
        return x if plain else ops.add(x, self._number(self.offset))

    def _number(self, value: Any) -> Any:
        return float(value) if isinstance(value, (int, float)) else np.asarray(value, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        def plain(value: Any) -> Any:
            return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value

        return {**super().get_config(), "scale": plain(self.scale), "offset": plain(self.offset)}


class Lambda(Layer):
    """A function of the input as a layer. It cannot be saved: a file holds no code.

    A function with a parameter `mask` or `training` is told what they are. The argument `mask` of the layer is what its
    output's mask is, or a function `mask(inputs, mask)` that gives it.

    >>> Lambda(lambda x: x * 2.0)(np.ones((1, 2), "float32")).numpy()
    array([[2., 2.]], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.arguments = arguments or {}
        self._output_shape = output_shape
        self.mask = mask
        self.supports_masking = mask is not None
        self._passed_on = [name for name in ("mask", "training") if name in _parameters(function)]

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        given = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: given[name] for name in self._passed_on})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        raise ValueError(
            f"Layer '{self.name}' is a Lambda: its function is code, which a netlet file never holds. Write a subclass "
            "of `layers.Layer` and register it with `saving.register_keras_serializable`."
        )


def _parameters(function: Callable[..., Any]) -> Any:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # some functions written in C have none
        return ()
