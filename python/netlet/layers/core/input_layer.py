"""The beginning of a graph: InputLayer, and Input, which returns its symbolic tensor."""

from __future__ import annotations

from typing import Any

from netlet.engine.graph import Extents, KerasTensor, Node, symbolic_dtype

from ..base.layer import Layer


class InputLayer(Layer):
    """The place where values enter a model.

    Args:
        shape: of one sample; None where any extent will do.
        batch_size: None for any.
        dtype: of the values; defaults to floatx. "string" for texts, which layers such as TextVectorization take.
        batch_shape: shape with the batch axis, instead of shape and batch_size.
        sparse, ragged, optional: only False.
        input_tensor: a KerasTensor to stand for, whose shape and dtype are taken; `shape` and the like are left out.
        name: also the key under which a dict of inputs is fed.

    Raises:
        ValueError: no shape, both kinds of shape, or a negative or non-integer extent.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if sparse or ragged:
            raise NotImplementedError("Input: sparse and ragged tensors are not supported.")
        if optional:
            raise NotImplementedError("Input: optional=True is not supported; a model's inputs cannot be None.")
        super().__init__(name=name)
        shape = kwargs.pop("input_shape", shape)
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments passed to InputLayer: {sorted(kwargs)}")
        if input_tensor is not None:
            batch_shape, dtype, shape = input_tensor.shape, input_tensor.dtype, None
        if (shape is None) == (batch_shape is None) or (batch_size is not None and batch_shape is not None):
            raise ValueError(
                "Input needs either `shape` (and optionally `batch_size`) or `batch_shape`; "
                f"given shape={shape}, batch_size={batch_size}, batch_shape={batch_shape}."
            )
        self._batch_shape: Extents = _extents((batch_size, *_extents(shape)) if batch_shape is None else batch_shape)
        self._input_dtype = symbolic_dtype(dtype)
        self.sparse = self.ragged = False
        self.optional = False
        tensor = input_tensor or KerasTensor(self._batch_shape, self._input_dtype, name=self.name)
        Node(self, (), {}, tensor)
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"Input '{self.name}' is where values enter; it cannot be called.")

    @property
    def batch_shape(self) -> Extents:
        return self._batch_shape

    @property
    def dtype(self) -> str:
        return self._input_dtype

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
            "optional": self.optional,
        }


def _extents(shape: Any) -> Extents:
    if isinstance(shape, int):
        shape = (shape,)
    try:
        given = tuple(shape)
    except TypeError:
        raise ValueError(f"A shape is a tuple of integers and None; given {shape!r}.") from None
    for d in given:
        if d is not None and (isinstance(d, bool) or not hasattr(d, "__index__") or int(d) < 0):
            raise ValueError(f"A shape is a tuple of non-negative integers and None; given {given}.")
    return tuple(None if d is None else int(d) for d in given)


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> KerasTensor:
    """A symbolic tensor: call layers on it, then `Model(inputs, outputs)`; or the first element of a Sequential.

    Args: see InputLayer.

    Example:

    >>> Input((784,)).shape
    (None, 784)
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        name=name,
        input_tensor=tensor,
        optional=optional,
    )
    symbol: KerasTensor = layer.output
    return symbol
