"""Devices: the CPU, and GPUs whose kernels a backend brings.

A backend is a shared library with the kernels of one kind of GPU: "cuda", from the package `netlet-cuda13`, or "sim",
the simulated GPU of a developer build. Backends are loaded when a device is first asked for. The environment variable
NETLET_BACKENDS names further ones: paths of shared libraries, separated as in PATH.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netlet import _core

_ON_CPU = 1  # DLPack's device type
_BUILT_IN = ("_netlet_cuda.so", "_netlet_sim.so")  # beside this package in a build from source


class Device(str):
    """The name of a device that netlet can compute on: "cpu:0", "cuda:0", "sim:0" (a simulated GPU, for tests).

    Attributes:
        description: the GPU's name, or the instruction set of the CPU's kernels.
        memory_bytes: its memory; 0 for the CPU.
        free_bytes: how much of it was free when `devices` was called.
    """

    description: str
    memory_bytes: int
    free_bytes: int


def devices() -> list[Device]:
    """The devices that netlet can compute on, the CPU first.

    Returns:
        list of Device: strings such as "cpu:0" and "cuda:0" with the attributes `description` (name of the GPU, or
        instruction set of the CPU's kernels), `memory_bytes` and `free_bytes`.

    Raises:
        RuntimeError: a backend is installed but cannot be loaded, e.g. one of another version.

    >>> "cpu:0" in devices()
    True
    """
    _load_backends()
    found = []
    for known in _core.devices():
        one = Device(known["name"])
        one.description = known["description"]
        one.memory_bytes, one.free_bytes = known.get("memory_bytes", 0), known.get("free_bytes", 0)
        found.append(one)
    return found


@contextmanager
def device(name: str) -> Iterator[None]:
    """A context in which this thread makes variables and tensors on a device and runs ops there.

    Args:
        name: "cpu", "cuda:0", "sim:0", or "gpu:0" for the first GPU.

    Yields:
        None. Afterwards the thread is on the device where it was before.

    Raises:
        ValueError: there is no such device; the message lists those that there are.

    >>> with device("cpu:0"):
    ...     current_device()
    'cpu:0'
    """
    before = _core.set_own_device(_known(name))
    try:
        yield
    finally:
        _core.set_own_device(before)


def current_device() -> str:
    """Where this thread makes tensors and runs ops.

    >>> current_device()
    'cpu:0'
    """
    return str(_core.current_device())


def set_default_device(name: str) -> None:
    """Makes a device the one of all threads that are in no `device` context.

    Args:
        name: name of the device: "cpu", "cuda:0", "sim:0", or "gpu:0" for the first GPU. The CPU at the start.

    Raises:
        ValueError: there is no such device.

    >>> set_default_device("cpu:0")
    """
    _core.set_default_device(_known(name))


def to_device(x: Any, name: str) -> _core.Tensor:
    """The values of x as a Tensor on a device; x itself if it is there.

    Args:
        x: array, Tensor or Variable of any shape.
        name: name of the device: "cpu", "cuda:0", "sim:0", or "gpu:0" for the first GPU.

    Returns:
        Tensor of x's shape and dtype.

    Raises:
        ValueError: there is no such device.
        MemoryError: the device has not enough free memory.

    >>> import numpy
    >>> to_device(numpy.ones(2), "cpu").device
    'cpu:0'
    """
    return _core.to_device(x, _known(name))


def from_dlpack(x: Any, *, device: str | None = None, copy: bool | None = None) -> _core.Tensor:
    """A Tensor that shares the memory of an array of another library, on a GPU or on the CPU.

    Args:
        x: an object with `__dlpack__`, e.g. a CuPy array or a PyTorch tensor. Arrays on the CPU that are not row-major
            or have a dtype that netlet does not have are copied.
        device: name of the device to copy it to, if it is elsewhere. None (the default): where it is.
        copy: True for memory of its own, False for an error where a copy is needed; None (the default): a copy where
            it is needed.

    Returns:
        The Tensor. NumPy sees it read-only if the other library shares it so.

    Raises:
        ValueError: its device is none of `devices()`, or `copy=False` and it needs a copy.
        TypeError: x has no `__dlpack__` or no `__dlpack_device__`, or holds no numbers.
        BufferError: the other library does not share it, e.g. because PyTorch computes gradients for it.

    >>> import numpy
    >>> from_dlpack(numpy.arange(3.0)).shape
    (3,)
    """
    if not (hasattr(x, "__dlpack__") and hasattr(x, "__dlpack_device__")):
        raise TypeError(f"from_dlpack(x): expected an object with `__dlpack__`, received {type(x).__name__}.")
    if x.__dlpack_device__()[0] != _ON_CPU:
        _load_backends()
    tensor, shared = _core.from_dlpack(x)
    moved = _core.to_device(tensor, tensor.device if device is None else _known(device))
    if copy is False and not (shared and moved is tensor):
        reason = f"it is on {tensor.device}" if shared else "it is not row-major, or has a dtype that netlet has not"
        raise ValueError(f"from_dlpack(copy=False): expected an array that can be shared, but {reason}.")
    return _core.tensor(moved) if copy and shared and moved is tensor else moved


def is_cpu(name: str) -> bool:
    """Whether a device's full name is that of the CPU.

    >>> is_cpu("cuda:0")
    False
    """
    return name.startswith("cpu")


def full_name(name: str) -> str:
    """The name of a device with its number: "cpu" is "cpu:0", "gpu:0" the first real GPU, "cuda:0".

    Raises:
        ValueError: there is no such device.
    """
    with device(name):
        return current_device()


def _known(name: str) -> str:
    if not isinstance(name, str):
        raise ValueError(f"device: expected a name such as 'cpu:0' or 'cuda:0', received {name!r}.")
    if not is_cpu(name.lower()):
        _load_backends()
    return name


@functools.cache
def _load_backends() -> None:
    """Loads the backends that are installed."""
    from importlib.metadata import entry_points  # costs as much as all of `import netlet`

    here = Path(_core.__file__).parent
    paths = [str(here / name) for name in _BUILT_IN if (here / name).exists()]
    paths += [entry.load()() for entry in entry_points(group="netlet.backends")]
    paths += [path for path in os.environ.get("NETLET_BACKENDS", "").split(os.pathsep) if path]
    for path in paths:
        _core.load_backend(path)
