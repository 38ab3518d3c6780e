"""Inputs of a model: InputLayer, and the function Input, which returns its symbolic tensor."""

from __future__ import annotations

from typing import Any

from netlet.engine.graph import Extents, KerasTensor, Node, symbolic_dtype

from ..base.layer import Layer


class InputLayer(Layer):
    """The layer of a model's input. It has no weights and cannot be called; `output` is its symbolic tensor.

    Args:
        shape: shape of one sample, a tuple; None entries match any size. None (the default) with `batch_shape`.
        batch_size: fixed batch size; None (the default) for any.
        dtype: of the values; None (the default): floatx. "string" for text layers such as TextVectorization.
        sparse, ragged: only False and None, the default, are supported.
        optional: whether the model may be called with None in place of this input; False by default.
        batch_shape: shape with the batch axis, instead of `shape` and `batch_size`; None by default.
        input_tensor: an existing KerasTensor to use, which gives shape and dtype; replaces `shape` and `batch_shape`;
            None (the default): a new one.
        name: name of the layer, and key of this input in a dict of inputs; None (the default): "input_layer", numbered.
        **kwargs: `input_shape` and `batch_input_shape`, older names of `shape` and `batch_shape`.

    Raises:
        ValueError: neither or both of `shape` and `batch_shape`; a negative or non-integer dimension.
        NotImplementedError: `sparse` or `ragged` is True.

    >>> InputLayer((784,)).batch_shape
    (None, 784)
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
        super().__init__(name=name)
        shape = kwargs.pop("input_shape", shape)
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments passed to InputLayer: {sorted(kwargs)}")
        if input_tensor is not None:
            batch_shape, dtype, shape = input_tensor.shape, input_tensor.dtype, None
        if (shape is None) == (batch_shape is None) or (batch_size is not None and batch_shape is not None):
            raise ValueError(
                "Input: expected either `shape` (and optionally `batch_size`) or `batch_shape`, "
                f"received shape={shape}, batch_size={batch_size}, batch_shape={batch_shape}."
            )
        self._batch_shape: Extents = _extents((batch_size, *_extents(shape)) if batch_shape is None else batch_shape)
        self._input_dtype = symbolic_dtype(dtype)
        self.sparse = self.ragged = False
        self.optional = bool(optional)
        tensor = input_tensor or KerasTensor(self._batch_shape, self._input_dtype, name=self.name)
        Node(self, (), {}, tensor)
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"Input '{self.name}' cannot be called; pass values to the model instead.")

    @property
    def batch_shape(self) -> Extents:
        """Shape of the input with the batch axis; None entries match any size."""
        return self._batch_shape

    @property
    def dtype(self) -> str:
        """The dtype of the input's values."""
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
        raise ValueError(f"Input: expected a shape that is a tuple of integers and None, received {shape!r}.") from None
    for d in given:
        if d is not None and (isinstance(d, bool) or not hasattr(d, "__index__") or int(d) < 0):
            raise ValueError(f"Input: expected a shape of non-negative integers and None, received {given}.")
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
    """Returns the symbolic input tensor of a model.

    Call layers on it and pass it to `Model(inputs, outputs)`, or put it first in a Sequential.

    Args:
        shape: shape of one sample, a tuple; None entries match any size. None (the default) with `batch_shape`.
        batch_size: fixed batch size; None (the default) for any.
        dtype: of the values; None (the default): floatx. "string" for text layers such as TextVectorization.
        sparse, ragged: only False and None, the default, are supported.
        optional: whether the model may be called with None in place of this input; False by default.
        batch_shape: shape with the batch axis, instead of `shape` and `batch_size`; None by default.
        name: name of the input layer, and key of this input in a dict of inputs; None (the default): "input_layer",
            numbered.
        tensor: an existing KerasTensor to use, which gives shape and dtype; None (the default): a new one.

    Returns:
        A KerasTensor of shape (batch_size, *shape).

    Raises:
        ValueError: neither or both of `shape` and `batch_shape`; a negative or non-integer dimension.
        NotImplementedError: `sparse` or `ragged` is True.

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
