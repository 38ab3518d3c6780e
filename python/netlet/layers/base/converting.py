"""How a Layer converts the arguments of a call to Tensors of its compute dtype."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.base.arrays import as_ndarray
from netlet.config import is_float
from netlet.engine.graph import KerasTensor
from netlet.engine.variable import Variable

from . import masks

_OTHER_TYPES = {"int16": "int32", "uint16": "int32", "uint32": "int64", "uint64": "int64"}


class Converting:
    """Base of Layer that converts the arguments of a call."""

    name: str
    autocast: bool
    _compute_dtype: str

    def _converted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if args and type(args[0]) in (list, tuple) and any(isinstance(v, (int, float)) for v in tree.flatten(args[0])):
            raise ValueError(
                f"Layer '{self.name}': expected tensors or arrays, received a Python {type(args[0]).__name__}. "
                "Make it an array with np.array(...)."
            )
        convert = self._to_tensor
        return tree.map_structure(convert, args), {k: tree.map_structure(convert, v) for k, v in kwargs.items()}

    def _to_tensor(self, value: Any) -> Any:
        """Arrays become Tensors, floats are cast to the compute dtype; numbers, strings and None are unchanged."""
        if isinstance(value, Variable):
            value = value._tensor
        elif isinstance(value, KerasTensor):
            casts = self.autocast and is_float(value.dtype) and value.dtype != self._compute_dtype
            return masks.keep(value, KerasTensor(value.shape, self._compute_dtype, name=value.name)) if casts else value
        elif not isinstance(value, _core.Tensor):
            if not hasattr(value, "__array__") and not hasattr(value, "__dlpack__"):
                return value
            value = self._array_to_tensor(value)
        if self.autocast and is_float(value.dtype) and value.dtype != self._compute_dtype:
            return masks.keep(value, _core.cast(value, self._compute_dtype))
        return value

    def _array_to_tensor(self, value: Any) -> _core.Tensor:
        array = as_ndarray(value)
        name = array.dtype.name
        if array.dtype.kind not in "fiub" and name != "bfloat16":
            raise ValueError(f"Layer '{self.name}': expected numbers, received an array of dtype {array.dtype}.")
        return _core.as_tensor(array.astype(_OTHER_TYPES[name]) if name in _OTHER_TYPES else array)
