"""`__dlpack__`, by which other libraries read Tensors and Variables without a copy."""

from __future__ import annotations

from typing import Any

from netlet._core import Tensor, dlpack_device, tensor, to_dlpack
from netlet.base.device import is_cpu, to_device

_CPU = (1, 0)  # DLPack's name of the host


class DLPack:
    """Mixin with the producer's side of DLPack, as in the Python array API standard."""

    def __dlpack__(
        self: Any,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """A DLPack capsule that shares the memory: `torch.from_dlpack(t)`, `np.from_dlpack(t)`.

        Args:
            stream: the consumer's CUDA stream, which needs no care: the GPU is idle when this returns. None on the CPU.
            max_version: highest version of DLPack that the consumer reads. None: 0.x, which cannot say "read-only".
            dl_device: (device type, number) that the consumer wants: the one of `__dlpack_device__`, or the host.
            copy: True for memory of its own, False for none; None (the default) copies where it must. The value of a
                Variable is always copied, so that netlet notices every write to it, except with False: then it is
                shared read-only.

        Returns:
            The capsule.

        Raises:
            BufferError: `copy=False` where a copy is needed, another device, or a stream on the CPU.
            RuntimeError: the Tensor is part of a recorded step and has no value yet.
        """
        shared: Tensor = getattr(self, "_tensor", self)
        if shared.recorded:
            raise RuntimeError("__dlpack__: this Tensor is part of a recorded step and has no value yet.")
        if stream is not None and is_cpu(shared.device):
            raise BufferError(f"__dlpack__: expected stream=None for a Tensor on the CPU, received {stream!r}.")
        elsewhere = dl_device is not None and tuple(dl_device) != dlpack_device(shared)
        if elsewhere and tuple(dl_device or ()) != _CPU:
            raise BufferError(
                f"__dlpack__: expected dl_device {dlpack_device(shared)} or {_CPU}, received {dl_device}."
            )
        versioned = max_version is not None and max_version[0] >= 1
        must_copy = elsewhere or (shared.read_only and not versioned)
        if copy is False and must_copy:
            reason = "it is on another device" if elsewhere else "DLPack 0.x cannot share memory read-only"
            raise BufferError(f"__dlpack__: expected another `copy` than False, because {reason}.")
        copied = must_copy or bool(copy) or (copy is None and shared.variable)
        if copied:
            shared = tensor(to_device(shared, "cpu") if elsewhere else shared)
        return to_dlpack(shared, versioned, copied)

    def __dlpack_device__(self: Any) -> tuple[int, int]:
        """DLPack's (device type, number): (1, 0) is the CPU."""
        return dlpack_device(getattr(self, "_tensor", self))
