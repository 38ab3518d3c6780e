"""Placement: a model lives on one device, with its optimizer, its metrics and the state of its steps."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from netlet import _core
from netlet.base.device import current_device, device, full_name, is_cpu
from netlet.base.exclusive import alone_with_state
from netlet.engine.storage import moved
from netlet.engine.variable import Variable

from .own_fields import set_device, step_state
from .own_step import optimizers_of

_Method = TypeVar("_Method", bound=Callable[..., Any])


def on_own_device(method: _Method) -> _Method:
    """Decorator of a model's methods: they run with the model's device as the current one."""

    @functools.wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        own = self._device
        if own is None or own == _core.current_device():
            return method(self, *args, **kwargs)
        with device(own):
            return method(self, *args, **kwargs)

    return run  # type: ignore[return-value]


class Placement:
    """The part of Trainer that says on which device the model lives."""

    _device: str | None = None

    @property
    def device(self) -> str:
        """The device on which the model's steps run: that of `to`, or the current one when the first step ran."""
        return self._device or current_device()

    @alone_with_state
    def to(self, name: str) -> Any:
        """Moves the model to a device: its weights, its optimizer with its state, and its metrics.

        Args:
            name: "cpu", "cuda:0", or "gpu:0" for the first GPU; `netlet.devices()` lists them.

        Returns:
            The model.

        Raises:
            ValueError: there is no such device.
            MemoryError: the device has not enough free memory; what was not moved yet stays where it is.

        >>> import netlet
        >>> netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(1)]).to("cpu").device
        'cpu:0'
        """
        name = full_name(name)
        with device(name):
            place(self, optimizers_of(self, "train"))
        return self


def place(model: Any, optimizers: list[Any]) -> None:
    """Moves what a step of the model reads and writes to the current device.

    Args:
        model: the Trainer.
        optimizers: those that its step uses.
    """
    here = current_device()
    away = [t for t in _tensors(model, optimizers) if t.device != here]
    for tensor in away:
        if tensor.device != here:  # an earlier one may share its memory
            _core.move_to_device(tensor, here)
    if away:
        moved()
    set_device(model, here)


def addresses(model: Any, optimizers: list[Any]) -> list[int]:
    """Where the tensors are that the model's steps read and write."""
    return [tensor.address for tensor in _tensors(model, optimizers)]


def _tensors(model: Any, optimizers: list[Any]) -> Iterator[_core.Tensor]:
    """The tensors that the model's steps read and write."""
    variables: list[Variable] = list(model.variables)
    for metric in model.metrics:
        variables += metric.variables
    for optimizer in optimizers:
        variables += optimizer.variables
        variables.append(optimizer._rate.cell)
    for v in variables:
        yield v._tensor
        if v._place is not None:
            yield v._place.segment.params
            yield v._place.segment.grads
    state = step_state(model)
    yield state.cell
    yield state.draws


def resident(arrays: list[_core.Tensor]) -> list[_core.Tensor]:
    """The arrays in the memory of the current device if they fit, so that an epoch copies no rows; else as they are."""
    here = current_device()
    if is_cpu(here):
        return arrays
    try:
        return [_core.to_device(t, here) for t in arrays]
    except MemoryError:
        return arrays
