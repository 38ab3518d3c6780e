"""Communicator: what data-parallel training needs of MPI, Ray or a single process."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


class Communicator:
    """Several processes that run the same script. Each method is called by all of them, in the same order.

    Attributes:
        rank: number of this process, from 0.
        size: number of processes.
        name: how errors call it, such as "MPI".
        timeout: seconds that a call waits for the other ranks before it raises a TimeoutError; None: for ever.
    """

    rank: int = 0
    size: int = 1
    name: str = "one process"
    timeout: float | None = 600.0

    def all_gather(self, array: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Returns the arrays of all ranks.

        Args:
            array: C-contiguous, of the same shape and dtype on all ranks. It may be `out[rank]`.
            out: where to write the result, shape (size, *array.shape); None: a new array.
        """
        raise NotImplementedError

    def all_to_all(self, send: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Sends `send[q]` to rank q, and returns what each rank has sent to this one.

        Args:
            send: C-contiguous, shape (size, n); n is the same on all ranks.
            out: where to write the result, other memory of the same shape; None: a new array.
        """
        raise NotImplementedError

    def broadcast(self, array: np.ndarray, root: int = 0) -> np.ndarray:
        """Overwrites the C-contiguous array with that of rank `root`, and returns it."""
        raise NotImplementedError

    def barrier(self) -> None:
        """Waits until all ranks have called it."""
        raise NotImplementedError

    def gather_objects(self, value: Any) -> list[Any]:
        """Returns a small value of each rank, in their order: numbers, strings, lists and dicts, as JSON has them."""
        raise NotImplementedError

    def share(self, nbytes: int) -> list[np.ndarray] | None:
        """Gives each rank a block of memory that all ranks can read and write, where they are on one machine.

        Args:
            nbytes: size of this rank's block.

        Returns:
            The blocks of all ranks, arrays of bytes, aligned to a page; None on all ranks if they cannot share memory.
            A rank sees what another has written before the last `barrier` of both.
        """
        return None

    def abort(self, error: BaseException) -> None:
        """Ends the processes of all ranks, after rank and error were printed. Alone it does nothing."""


class Single(Communicator):
    """The communicator of a process that is alone.

    >>> Single().all_gather(np.arange(2.0)).tolist()
    [[0.0, 1.0]]
    """

    def all_gather(self, array: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        if out is None:
            return array[None].copy()
        if not np.shares_memory(out, array):
            out[0] = array
        return out

    def all_to_all(self, send: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        if out is None:
            return send.copy()
        out[...] = send
        return out

    def broadcast(self, array: np.ndarray, root: int = 0) -> np.ndarray:
        return array

    def barrier(self) -> None:
        pass

    def gather_objects(self, value: Any) -> list[Any]:
        return [json.loads(json.dumps(value))]

    def share(self, nbytes: int) -> list[np.ndarray] | None:
        return [np.zeros(nbytes, np.uint8)]
