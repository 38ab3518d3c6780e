"""The communicator of Ray: the workers meet at an actor, and arrays travel through Ray's object store."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np

from netlet.base.extras import needs

from .communicator import Communicator
from .last_checkpoint import last_checkpoint
from .shared_memory import share_memory


class Meeting:
    """The actor at which the workers meet: it keeps what each has brought until all have come.

    Args:
        size: number of workers.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._brought: dict[int, dict[int, Any]] = {}
        self._complete: dict[int, asyncio.Event] = {}
        self._fetched: dict[int, int] = {}

    async def meet(self, call: int, rank: int, value: Any) -> list[Any]:
        """Waits until all workers have made this call, and returns what they brought."""
        brought = self._brought.setdefault(call, {})
        event = self._complete.setdefault(call, asyncio.Event())
        brought[rank] = value
        if len(brought) == self._size:
            event.set()
        await event.wait()
        self._fetched[call] = self._fetched.get(call, 0) + 1
        if self._fetched[call] == self._size:
            del self._brought[call], self._complete[call], self._fetched[call]
        return [brought[rank] for rank in range(self._size)]

    def present(self, call: int) -> list[int]:
        """The workers that have made this call."""
        return sorted(self._brought.get(call, {}))


class RayWorkers(Communicator):
    """The workers that Ray Train started.

    Each call costs a message to the actor and back, about a millisecond. Workers on one machine share memory for the
    exchange of gradients, others send them through the object store. When a worker is lost, Ray Train ends the others.

    Args:
        meeting: Ray's handle of an actor of the class `Meeting`, the same one for all workers.
        rank: number of this worker, from 0.
        size: number of workers.
    """

    name = "Ray"

    def __init__(self, meeting: Any, rank: int, size: int) -> None:
        self.rank, self.size = rank, size
        self._meeting = meeting
        self._ray = needs("ray", "ray", "netlet.distribution in a worker of Ray Train")
        self._calls = 0

    def all_gather(self, array: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        if out is None:
            out = np.empty((self.size, *array.shape), array.dtype)
        for row, brought in zip(out, self._meet(array, "all_gather"), strict=True):
            row[...] = brought
        return out

    def all_to_all(self, send: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        if out is None:
            out = np.empty_like(send)
        references = [self._ray.put(row) for row in send]  # a worker fetches only the rows that are for it
        brought = self._meet(references, "all_to_all")
        for row, value in zip(out, self._ray.get([rows[self.rank] for rows in brought]), strict=True):
            row[...] = value
        self.barrier()  # the rows are kept until they were fetched
        return out

    def broadcast(self, array: np.ndarray, root: int = 0) -> np.ndarray:
        brought = self._meet(array if self.rank == root else None, "broadcast")
        if self.rank != root:
            array[...] = brought[root]
        return array

    def barrier(self) -> None:
        self._meet(None, "barrier")

    def gather_objects(self, value: Any) -> list[Any]:
        return [json.loads(text) for text in self._meet(json.dumps(value), "gather_objects")]

    def share(self, nbytes: int) -> list[np.ndarray] | None:
        return share_memory(self, nbytes)

    def _meet(self, value: Any, call: str) -> list[Any]:
        """Brings a value and returns those of all workers.

        Raises:
            TimeoutError: it took longer than `timeout`.
        """
        self._calls += 1
        reference = self._meeting.meet.remote(self._calls, self.rank, value)
        try:
            brought: list[Any] = self._ray.get(reference, timeout=self.timeout)
        except self._ray.exceptions.GetTimeoutError as error:
            present = self._ray.get(self._meeting.present.remote(self._calls), timeout=self.timeout)
            absent = ", ".join(str(rank) for rank in range(self.size) if rank not in present)
            raise TimeoutError(
                f"rank {self.rank} has waited {self.timeout} s in {call} for rank {absent}. {last_checkpoint()}"
            ) from error
        return brought
