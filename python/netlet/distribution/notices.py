"""Short messages between ranks that nobody waits for: that one leaves, fails, or wants to know who is there."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np


class Notice(enum.IntEnum):
    """What a rank tells the others."""

    LEFT = 0  # its script has ended; it takes part in no further call
    FAILED = 1  # it ends the job
    ASK = 2  # it has waited for too long: who else waits?
    WAITS = 3  # the answer, with the number of the call that waits


class Notices:
    """Sends and receives notices, on a communicator of their own, so they never meet the data.

    Args:
        mpi: the module mpi4py.MPI.
        messages: the communicator, used for nothing else.

    Attributes:
        heard: {notice: {rank: its number}} of all notices so far.
    """

    def __init__(self, mpi: Any, messages: Any) -> None:
        self._mpi = mpi
        self._messages = messages
        self._sent: list[tuple[Any, np.ndarray]] = []
        self.heard: dict[Notice, dict[int, int]] = {notice: {} for notice in Notice}

    def tell(self, notice: Notice, number: int = 0, to: int | None = None) -> None:
        """Begins to send a notice to one rank, or to all others."""
        data = np.array([notice, number], np.int64)
        for rank in range(self._messages.size) if to is None else [to]:
            if rank != self._messages.rank:
                self._sent.append((self._messages.Isend(data, rank), data))

    def receive(self) -> list[tuple[int, Notice]]:
        """Receives the notices that have arrived: (rank, notice) of each."""
        arrived = []
        status = self._mpi.Status()
        while self._messages.Iprobe(status=status):
            data = np.empty(2, np.int64)
            self._messages.Recv(data, status.source)
            notice = Notice(int(data[0]))
            self.heard[notice][status.source] = int(data[1])
            arrived.append((status.source, notice))
        return arrived

    def delivered(self) -> bool:
        """Whether all notices of this rank have left it."""
        self._sent = [(request, data) for request, data in self._sent if not request.Test()]
        return not self._sent
