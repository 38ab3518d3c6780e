"""Tensor: the native array class, with the methods that NumPy's arrays have.

The class is `_core.Tensor`; this module adds its Python methods. Import this module (or `ops`) before using Tensors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet._core import Tensor, dlpack_device, tensor, to_dlpack
from netlet.base.device import is_cpu

from .array_methods import ArrayMethods
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
    """Mixin with conversions: to text, for NumPy functions, DLPack, pickle and bytes."""

    def __str__(self: Any) -> str:
        return repr(self) if self.recorded else str(np.asarray(self, readable_dtype(self.dtype)))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "A Tensor's elements cannot be assigned. Change a copy (a = np.array(tensor); a[...] = value), or use "
            "ops.slice_update or ops.scatter_update."
        )

    def __dlpack__(
        self: Any, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        """The memory as a DLPack capsule: `torch.as_tensor(t)`, `np.from_dlpack(t)`. A Variable's value is copied."""
        if not is_cpu(self.device):
            return to_dlpack(tensor(self) if copy or self.variable else self)
        values = self.numpy()
        if copy or not values.flags.writeable:
            if copy is False:
                raise BufferError("This Tensor is a Variable's value, which DLPack can export only as a copy.")
            values = values.copy()
        return values.__dlpack__()

    def __dlpack_device__(self: Any) -> tuple[int, int]:
        return dlpack_device(self)

    def __reduce__(self: Any) -> Any:
        values = np.array(self, readable_dtype(self.dtype))
        return _from_parts, (values, self.dtype, self.requires_grad, self._keras_mask)

    def tobytes(self: Any) -> bytes:
        """The values' bytes in row-major order."""
        return bytes(self.numpy().tobytes())


attach(Tensor, Operators, Values, ArrayMethods, Exchange)
