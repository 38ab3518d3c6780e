"""Tensor: the native array class, with the methods that NumPy's arrays have.

The class is `_core.Tensor`; this module adds its Python methods. Import this module (or `ops`) before using Tensors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet._core import Tensor, tensor
from netlet.base.device import is_cpu

from .array_methods import ArrayMethods
from .array_reductions import ArrayReductions
from .dlpack import DLPack
from .operators import Operators, Values, attach, readable_dtype

__all__ = ["Tensor"]


def _from_parts(values: np.ndarray, dtype: str, requires_grad: bool, mask: Any) -> Tensor:
    """Makes a Tensor from its pickled parts."""
    made = tensor(values, dtype)
    made.requires_grad = requires_grad
    if mask is not None:
        made._keras_mask = mask
    return made


class Exchange:
    """Mixin with conversions: to text, for NumPy, pickle and bytes."""

    def __str__(self: Any) -> str:
        return repr(self) if self.recorded else str(np.asarray(self, readable_dtype(self.dtype)))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "A Tensor's elements cannot be assigned. Change a copy (a = np.array(tensor); a[...] = value), or use "
            "ops.slice_update or ops.scatter_update."
        )

    @property
    def __array_interface__(self: Any) -> dict[str, Any]:
        """NumPy's description of the memory, for a value in the host's memory; read-only if it is a Variable's."""
        if self.recorded or self.dtype == "bfloat16" or not is_cpu(self.device):
            raise AttributeError(f"A Tensor of {self.dtype} on {self.device} has no __array_interface__.")
        return self.numpy().__array_interface__

    def __reduce__(self: Any) -> Any:
        values = np.array(self, readable_dtype(self.dtype))
        return _from_parts, (values, self.dtype, self.requires_grad, self._keras_mask)

    def tobytes(self: Any) -> bytes:
        """The values' bytes in row-major order.

        Returns:
            bytes, `nbytes` of them.
        """
        return bytes(self.numpy().tobytes())

    def __bytes__(self: Any) -> bytes:
        return self.tobytes()


attach(Tensor, Operators, Values, ArrayMethods, ArrayReductions, DLPack, Exchange)
