"""Symbolic tensors and the nodes of the graph: the calls of operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from netlet import _core
from netlet.base import tree
from netlet.base.naming import auto_name
from netlet.config import standardize_dtype

from ..array_methods import ArrayMethods
from ..operators import Operators

if TYPE_CHECKING:
    from .operation import Operation

Extents = tuple[int | None, ...]


def symbolic_dtype(dtype: Any) -> str:
    """As `standardize_dtype`, but also accepts "string", for models whose first layers convert texts to numbers."""
    return "string" if isinstance(dtype, str) and dtype == "string" else standardize_dtype(dtype)


class KerasHistory(NamedTuple):
    """The origin of a KerasTensor: an operation, the index of its call, and the index of that call's output."""

    operation: Operation
    node_index: int
    tensor_index: int


class KerasTensor(Operators, ArrayMethods):
    """A symbolic tensor: a shape, a dtype and the call that computes it, but no values.

    Args:
        shape: integers, None where any size is accepted.
        dtype: default `config.floatx()`; "string" for texts.
        sparse, ragged: must be False, the default.
        record_history: accepted for compatibility with Keras.
        name: default a unique name.

    Raises:
        NotImplementedError: `sparse` or `ragged` is True.

    >>> KerasTensor((None, 3)).shape
    (None, 3)
    """

    _symbolic = True
    _bits = "logical"
    _keras_history: KerasHistory  # absent if no operation made it: it may enter a layer, but no Model ends there
    _keras_mask: Any = None  # a KerasTensor too, or None

    def __init__(
        self,
        shape: Any,
        dtype: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
    ) -> None:
        if sparse or ragged:
            raise NotImplementedError("KerasTensor: sparse and ragged tensors are not supported.")
        self.shape: Extents = tuple(None if d is None else int(d) for d in shape)
        self.dtype = symbolic_dtype(dtype)
        self.name = name or auto_name("keras_tensor")
        self.sparse = False

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise _core.SymbolicArgument(
            f"{self!r} is symbolic: it has no values. Use netlet.ops or layers instead of NumPy functions."
        )

    def __len__(self) -> int:
        raise TypeError(f"{self!r} is symbolic and has no length.")

    def __iter__(self) -> Any:
        raise TypeError(f"{self!r} is symbolic: Python cannot iterate over it.")

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} is symbolic: it has no truth value.")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def mask_of(value: Any) -> Any:
    """The mask that a tensor carries, or None."""
    return getattr(value, "_keras_mask", None)


def is_keras_tensor(x: Any) -> bool:
    """Whether x is a KerasTensor: symbolic, without values.

    Args:
        x: anything.

    Returns:
        bool.

    >>> is_keras_tensor(KerasTensor((2,))), is_keras_tensor(2.0)
    (True, False)
    """
    return isinstance(x, KerasTensor)


def is_symbolic(value: Any) -> bool:
    """Whether a KerasTensor is anywhere in the structure."""
    if isinstance(value, KerasTensor):
        return True
    if isinstance(value, (list, tuple)):
        return any(is_symbolic(item) for item in value)
    if isinstance(value, dict):
        return any(is_symbolic(item) for item in value.values())
    return False


class Node:
    """One call of an operation: its arguments, some of them KerasTensors, and the KerasTensors that it returned."""

    def __init__(self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> None:
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        leaves = tree.flatten([list(args), kwargs])
        self.input_tensors: list[KerasTensor] = [a for a in leaves if isinstance(a, KerasTensor)]
        self.outputs_struct = outputs
        self.outputs: list[KerasTensor] = tree.flatten(outputs)
        for out in self.outputs:
            if not isinstance(out, KerasTensor):
                raise ValueError(
                    f"'{operation.name}': expected tensors as outputs, received {type(out).__name__}: {out!r}."
                )
        self.is_input = not self.input_tensors
        index = len(operation._inbound_nodes)
        operation._inbound_nodes.append(self)
        for i, out in enumerate(self.outputs):
            out._keras_history = KerasHistory(operation, index, i)
        for parent in self._with_history():
            parent._keras_history.operation._outbound_nodes.append(self)

    def _with_history(self) -> list[KerasTensor]:
        """Its inputs that an operation or an Input made, without KerasTensors that the caller created."""
        return [t for t in self.input_tensors if hasattr(t, "_keras_history")]

    @property
    def input_tensors_struct(self) -> Any:
        """Its inputs: the argument itself if there is only one, else the list of KerasTensors."""
        if len(self.args) == 1 and not is_symbolic(self.kwargs):
            return self.args[0]
        return self.input_tensors

    @property
    def output_tensors(self) -> list[KerasTensor]:
        """Its outputs, flattened."""
        return self.outputs

    @property
    def parent_nodes(self) -> list[Node]:
        """The calls that returned its inputs."""
        histories = [t._keras_history for t in self._with_history()]
        return [h.operation._inbound_nodes[h.node_index] for h in histories]
