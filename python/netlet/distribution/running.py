"""Running: a step whose batch is computed shard by shard, and the sums over all shards in it."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, TypeVar

from netlet import _core
from netlet.engine.host_call import host_call
from netlet.random.seed_log import SeedLog

from .communicator import Communicator
from .exchange import GradientExchange
from .layout import Layout, Shard
from .shard_state import ShardScope, merge_states
from .turns import meet, take_turns

_R = TypeVar("_R")
_shard: ContextVar[Shard | None] = ContextVar("netlet_shard", default=None)
_running: ContextVar[Running | None] = ContextVar("netlet_running_step", default=None)
_paused: ContextVar[bool] = ContextVar("netlet_exchange_paused", default=False)  # plans call back on their own thread


def current_shard() -> Shard | None:
    """The shard that this code is computing; None outside of data-parallel steps."""
    return _shard.get()


def in_data_parallel_step() -> bool:
    """Whether a data-parallel step is in progress; in its shards, and where they meet."""
    return _running.get() is not None


def running_step() -> Running:
    """The data-parallel step in progress. Only for what is called in one."""
    running = _running.get()
    assert running is not None
    return running


@contextlib.contextmanager
def without_exchange() -> Iterator[None]:
    """Context manager: steps that this thread runs leave out the exchange with other ranks, which do not run them."""
    token = _paused.set(True)
    try:
        yield
    finally:
        _paused.reset(token)


class Rows:
    """A vector for each shard of this rank, and the sum over the shards of all ranks.

    Args:
        exchange: has the memory.
        running: the step.
        name: of the sum in `plan.describe()`.

    Attributes:
        rows: of each shard that has rows in this batch, in their order, a Tensor (n,) that the step writes.
    """

    def __init__(self, exchange: GradientExchange, running: Running, name: str) -> None:
        self._exchange, self._layout, self._name = exchange, running.layout, name
        self.rows = [_core.as_tensor(exchange.parts[s.slot]) for s in running.shards]

    def total(self, weighted: bool) -> _core.Tensor:
        """Emits the sum.

        Args:
            weighted: whether each shard's vector is multiplied by the shard's part of the batch.

        Returns:
            The sum: memory that the ranks share. It must not be written.
        """
        layout, exchange = self._layout, self._exchange
        tree = layout.adds(exchange.rank, weighted)

        def add() -> tuple[()]:
            if not _paused.get():
                exchange.sum(tree)
            return ()

        host_call(self._name, add, [], [])
        total = _core.as_tensor(exchange.result)
        total.variable = True  # each step changes it
        return total


class _Turn:
    """Context manager around what a shard computes until it waits for the others: the tape is then that of the shard.

    Args:
        tape: the recording; None for an eager step.
        own: what else is exchanged when shards take turns.
    """

    def __init__(self, tape: _core.Tape | None, own: contextlib.AbstractContextManager[Any]) -> None:
        self._tape, self._own, self._strand = tape, own, _core.Strand()

    def __enter__(self) -> None:
        if self._tape is not None:
            self._tape.__enter__()
            self._tape.swap(self._strand)
        self._own.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._own.__exit__(None, None, None)
        if self._tape is not None:
            self._tape.swap(self._strand)
            self._tape.__exit__(None, None, None)


class Running:
    """A step that is recorded, or run eagerly, shard by shard.

    Args:
        communicator: of the ranks.
        layout: the shards of the batch.
        synchronized: whether batch statistics are those of the whole batch.

    Attributes:
        shards: those that this rank computes. A rank without rows in this batch computes the first shard, and nobody
            reads its result: the step needs to know which variables it updates.
    """

    def __init__(self, communicator: Communicator, layout: Layout, synchronized: bool) -> None:
        self.communicator, self.layout, self.synchronized = communicator, layout, synchronized
        own = layout.of_rank(communicator.rank)
        self.shards = own or [replace(next(s for s in layout.shards if s.leads), slot=0)]

    def sum_rows(self, n: int, dtype: str, name: str, exchange: GradientExchange | None = None) -> Rows:
        """Memory for vectors of n elements, one for each shard, which the step will sum."""
        if exchange is None:
            exchange = self.new_exchange(n, dtype)
        return Rows(exchange, self, name)

    def sum(self, parts: Sequence[Sequence[Any]], name: str, weighted: bool = False) -> list[_core.Tensor]:
        """The sums of Tensors over all shards, computed in float64.

        Args:
            parts: of each of `shards`, its Tensors, of the same shapes in all shards.
            name: of the sum in `plan.describe()`.
            weighted: whether each shard's Tensors are multiplied by the shard's part of the batch.

        Returns:
            The sums, float64.
        """
        shapes = [tuple(value.shape) for value in parts[0]]
        sizes = [math.prod(shape) for shape in shapes]
        sums = self.sum_rows(sum(sizes), "float64", name)
        for values, row in zip(parts, sums.rows, strict=True):
            flat = [_core.view(_core.cast(v, "float64"), (n,)) for v, n in zip(values, sizes, strict=True)]
            _core.assign(_core.concatenate(flat, 0), row)
        total = sums.total(weighted)
        return [_core.view(total, s, 8 * sum(sizes[:i])) for i, s in enumerate(shapes)]

    def new_exchange(self, n: int, dtype: str) -> GradientExchange:
        """A GradientExchange for vectors of n elements. All ranks have to make it at the same place."""
        return GradientExchange(self.communicator, self.layout.per_rank, n, dtype)

    def run(
        self,
        function: Callable[[Shard], _R],
        own: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext,
        step: int = 0,
    ) -> list[_R]:
        """Calls a function for each of `shards`, and merges what they did to the state of the model.

        Args:
            function: computes a shard. Where it calls `meet`, it waits for the other shards.
            own: makes a context manager for each shard, which is entered whenever the shard goes on, and left whenever
                it waits: it exchanges state that calls of one model share.
            step: number of the step, if it is run eagerly; 0 for a recorded one.

        Returns:
            The results.
        """
        tape = _core.current_recording()
        scopes = [ShardScope() for _ in self.shards]
        streams: list[int] = []
        seeds: list[int] = []  # that the first shard draws, and all others again

        def compute(shard: Shard, scope: ShardScope) -> _R:
            _shard.set(shard)
            _core.begin_shard(shard.rows, shard.first, (step << 12) & 0xFFFFFFFF)
            try:
                with scope, SeedLog(seeds):
                    return function(shard)
            finally:
                streams.append(_core.end_shard())

        token = _running.set(self)
        if tape is not None:
            tape.__exit__(None, None, None)  # the shards' threads enter it, one at a time
        try:
            calls = [
                (functools.partial(compute, shard, scope), _Turn(tape, own()))
                for shard, scope in zip(self.shards, scopes, strict=True)
            ]
            results = take_turns(calls, between=contextlib.nullcontext() if tape is None else tape)
        finally:
            if tape is not None:
                tape.__enter__()
            _running.reset(token)
        if tape is None:
            merge_states(self, scopes)
        else:
            if streams[0]:
                tape.next_stream()  # so that the tape knows of random ops
            tape.at_end(lambda: merge_states(self, scopes))
        return results


def global_sum(value: Any) -> Any:
    """The sum of a Tensor over all shards of the batch. It is a constant for gradients.

    Args:
        value: Tensor of a float dtype, of the same shape in all shards.

    Returns:
        A Tensor of its shape and dtype; the value itself outside of data-parallel steps.
    """
    return value if current_shard() is None else meet(_add, value)


def _add(values: list[Any]) -> list[Any]:
    (total,) = running_step().sum([[value] for value in values], "sum_over_shards")
    return [_core.cast(total, values[0].dtype)] * len(values)
