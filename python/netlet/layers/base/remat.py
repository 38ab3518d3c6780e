"""remat and RematScope: backward computes intermediate values again instead of saving them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from netlet import _core, activations
from netlet.base import tree
from netlet.engine.graph import KerasTensor, is_symbolic
from netlet.engine.stateless_scope import Recomputation
from netlet.engine.variable import Variable, assigned
from netlet.random.seed_log import SeedLog

from .call_context import current, use_half

_MODES = ("full", "activations", "larger_than", "list_of_layers", None)


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a function or layer so that backward computes its intermediate values again instead of saving them.

    Between forward and backward only the inputs and the results of the call take memory. In return, it is computed
    twice. Gradients flow to the arguments and to all Variables and tensors that the function uses. Random ops draw the
    same numbers again; moving averages, metrics, other Variables and losses of `add_loss` change only once.

    The function should compute several layers: a single `Dense` saves nothing but its input and its result.

    Args:
        f: function or layer whose results are tensors or structures of them. On symbolic tensors it is called as it is;
            in functional models use a `RematScope`.

    Returns:
        A function with the same arguments and results.

    Raises:
        TypeError: `f` cannot be called.

    Example:

    >>> import netlet
    >>> x = netlet.Variable([0.5])
    >>> with netlet.GradientTape() as tape:
    ...     y = remat(lambda v: netlet.ops.exp(netlet.ops.square(v)))(x)
    >>> round(tape.gradient(y, x).item(), 4)
    1.284
    """
    if not callable(f):
        raise TypeError(f"remat: expected a function or a layer, received {type(f).__name__}.")

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_symbolic(args) or is_symbolic(kwargs):
            return f(*args, **kwargs)
        call = _Call(f, args, kwargs)
        _core.recomputed(call.first, call.again)
        return call.result

    if hasattr(f, "__name__"):
        functools.update_wrapper(wrapper, f)
    return wrapper


class _Call:
    """One call of a function, and what is needed to make it again."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.entry, self.training, self.half = current.entry, current.training, current.half
        self.seeds = SeedLog()
        self.before: dict[int, tuple[Variable, _core.Tensor]] = {}  # the Variables that it assigns
        self.result: Any = None

    def first(self) -> list[_core.Tensor]:
        """Makes the call. Returns the Tensors of its result and the losses that layers have added."""
        token = assigned.set(self.before)
        try:
            with _noted_losses(current.discards_losses) as losses, self.seeds:
                self.result = self.function(*self.args, **self.kwargs)
        finally:
            assigned.reset(token)
        outer = assigned.get()
        if outer is not None:
            for key, note in self.before.items():
                outer.setdefault(key, note)
        return _tensors([self.result, losses])

    def again(self) -> list[_core.Tensor]:
        """Makes the same call in the backward pass, without side effects."""
        training, half, entry = current.training, current.half, current.entry
        current.training, current.entry = self.training, self.entry or self
        use_half(self.half)
        token = assigned.set(None)
        try:
            with Recomputation(self.before.values()), _noted_losses(True) as losses, self.seeds:
                return _tensors([self.function(*self.args, **self.kwargs), losses])
        finally:
            assigned.reset(token)
            current.training, current.entry = training, entry
            use_half(half)


def _tensors(structure: Any) -> list[_core.Tensor]:
    return [leaf for leaf in tree.flatten(structure) if isinstance(leaf, _core.Tensor)]


@contextmanager
def _noted_losses(discard: bool) -> Iterator[list[Any]]:
    """The losses that layers add inside; with `discard`, the layers do not keep them."""
    outer = current.losses, current.discards_losses, current.recomputes
    losses: list[Any] = []
    current.losses, current.discards_losses, current.recomputes = losses, discard, True
    try:
        yield losses
    finally:
        current.losses, current.discards_losses, current.recomputes = outer
        if outer[0] is not None:
            outer[0].extend(losses)


class RematScope:
    """Context manager: the layers that are made or called inside compute their intermediate values again in backward.

    A layer that contains layers, such as a block of a network, is computed again as a whole. The model that is called
    first is not: its layers are. See `remat` for what is computed twice.

    Args:
        mode: which layers. "full" (the default): all; "activations": only the activation functions that need their
            input for the gradient (gelu, silu, ...); "larger_than": layers whose outputs have more than
            `output_size_threshold` elements; "list_of_layers": those with the names `layer_names`; None: none.
        output_size_threshold: number of elements for "larger_than", 1024 by default.
        layer_names: names for "list_of_layers"; none by default.

    Raises:
        ValueError: another mode.

    Example:

    >>> import netlet
    >>> with RematScope("list_of_layers", layer_names=["block"]):
    ...     block = netlet.Sequential([netlet.layers.Dense(8, "gelu"), netlet.layers.Dense(8)], name="block")
    >>> model = netlet.Sequential([netlet.Input((8,)), block, netlet.layers.Dense(1)])
    """

    def __init__(
        self, mode: str | None = "full", output_size_threshold: int = 1024, layer_names: Sequence[str] | None = None
    ) -> None:
        if mode not in _MODES:
            raise ValueError(f"RematScope: expected mode to be one of {list(_MODES)}, received {mode!r}.")
        self.mode, self.output_size_threshold = mode, int(output_size_threshold)
        self.layer_names = list(layer_names or ())
        self._outer: list[Any] = []

    def __enter__(self) -> RematScope:
        self._outer.append(current.remat)
        current.remat = self
        return self

    def __exit__(self, *error: object) -> None:
        current.remat = self._outer.pop()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_outer": []}


def call_in_scope(layer: Any, scope: RematScope, outermost: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls a layer as a RematScope says.

    Args:
        layer: the layer.
        scope: the scope.
        outermost: whether no other layer's call is in progress.
        args, kwargs: arguments of `call`.

    Returns:
        What `call` returns.
    """
    if scope.mode is None or current.recomputes or (outermost and layer._layers):
        return layer.call(*args, **kwargs)
    if scope.mode == "activations":
        with _recomputed_activation(layer):
            return layer.call(*args, **kwargs)
    if scope.mode == "list_of_layers" and layer.name not in scope.layer_names:
        return layer.call(*args, **kwargs)
    if scope.mode == "larger_than" and _output_size(layer, args, kwargs) <= scope.output_size_threshold:
        return layer.call(*args, **kwargs)
    return remat(layer.call)(*args, **kwargs)


@contextmanager
def _recomputed_activation(layer: Any) -> Iterator[None]:
    activation = layer.__dict__.get("activation")
    if not callable(activation) or hasattr(activation, "weights") or activations.fused(activation) is not None:
        yield
        return
    layer.activation = remat(activation)
    try:
        yield
    finally:
        layer.activation = activation


def _output_size(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    def symbol(leaf: Any) -> Any:
        return KerasTensor(leaf.shape, leaf.dtype) if isinstance(leaf, _core.Tensor) else leaf

    spec = layer.compute_output_spec(*tree.map_structure(symbol, args), **tree.map_structure(symbol, kwargs))
    return sum(math.prod(t.shape) for t in tree.flatten(spec) if t is not None)
