"""The communicator of MPI, through mpi4py."""

from __future__ import annotations

import json
import math
import os
import time
from typing import Any

import numpy as np

from netlet.base.extras import needs

from .communicator import Communicator
from .job_end import JobEnd
from .last_checkpoint import last_checkpoint
from .notices import Notice, Notices
from .peers import Peers, Place
from .shared_memory import share_memory

_POLLS = 100  # times that a wait polls at once, some 30 microseconds
_SPIN = 0.002  # seconds that it then polls and offers its core to others; messages move only while it polls
_PAUSE = 5e-5, 2e-3  # seconds between polls after that, at least and at most
_LATE = 0.02  # in between, part of the time waited so far
_LOOK = 0.02  # seconds between looks at the other ranks
_MERCY = 2.0  # seconds for the others to answer, or for a job to end


class MPI(Communicator):
    """The processes that mpirun started. MPI is initialized when mpi4py is imported, at the latest here.

    Every wait polls, so that it can see what MPI does not say: that another rank's process has ended, that its script
    has ended, or that it does not come.

    Args:
        processes: how many the launcher says it started; None: it does not say.

    Raises:
        ImportError: mpi4py is not installed.
        RuntimeError: MPI sees another number of processes than the launcher has started.
    """

    name = "MPI"

    def __init__(self, processes: int | None = None) -> None:
        self._mpi = needs("mpi4py.MPI", "mpi", "netlet.distribution under mpirun")
        world = self._mpi.COMM_WORLD
        if processes is not None and processes != world.size:
            raise RuntimeError(
                f"The launcher started {processes} processes, and mpi4py sees {world.size}: mpi4py uses another MPI "
                f"({self._mpi.Get_library_version().splitlines()[0].strip()}) than this mpirun belongs to."
            )
        self.rank, self.size = world.rank, world.size
        self._pid = os.getpid()
        self._calls = 0
        self._messages = world.Dup()
        self._peers: Peers | None = None
        self._notices = Notices(self._mpi, world.Dup())
        if self.size > 1:
            self._peers = Peers([Place(*place) for place in self.gather_objects(Place.here())], self.rank)
            self._end = JobEnd(self, watch=self._mpi.Query_thread() == self._mpi.THREAD_MULTIPLE)

    # ---- exchange ----------------------------------------------------------------------------------------------------
    def all_gather(self, array: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        if out is None:
            out = np.empty((self.size, *array.shape), array.dtype)
        send = self._mpi.IN_PLACE if np.shares_memory(out, array) else _units(array, array.nbytes)
        self._wait(self._checked().Iallgather(send, _units(out, array.nbytes)), "all_gather")
        return out

    def all_to_all(self, send: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        if out is None:
            out = np.empty_like(send)
        row = send.nbytes // self.size
        self._wait(self._checked().Ialltoall(_units(send, row), _units(out, row)), "all_to_all")
        return out

    def broadcast(self, array: np.ndarray, root: int = 0) -> np.ndarray:
        self._wait(self._checked().Ibcast(_units(array, array.nbytes), root), "broadcast")
        return array

    def barrier(self) -> None:
        self._wait(self._checked().Ibarrier(), "barrier")

    def gather_objects(self, value: Any) -> list[Any]:
        data = np.frombuffer(json.dumps(value).encode(), np.uint8)
        sizes = self.all_gather(np.array([data.size]))[:, 0]
        padded = np.zeros(sizes.max(), np.uint8)
        padded[: data.size] = data
        return [json.loads(row[:size].tobytes()) for row, size in zip(self.all_gather(padded), sizes, strict=True)]

    def share(self, nbytes: int) -> list[np.ndarray] | None:
        return share_memory(self, nbytes)

    def _checked(self) -> Any:
        """MPI's communicator, where this process may use it.

        Raises:
            RuntimeError: this process is a fork of the one that mpirun started.
        """
        if os.getpid() != self._pid:
            raise RuntimeError(
                f"{self.describe_rank(self.rank)} forked process {os.getpid()}, which cannot use MPI. Expected: data-"
                "parallel training in the process that mpirun started."
            )
        return self._messages

    def _wait(self, request: Any, call: str) -> None:
        """Waits for a call that MPI has begun.

        Raises:
            RuntimeError: a rank that it needs has ended, or MPI reports an error.
            TimeoutError: it took longer than `timeout`.
        """
        self._calls += 1
        try:
            self._poll(request, call)
        except self._mpi.Exception as error:
            raise RuntimeError(
                f"rank {self.rank}: MPI reports '{error}' in {call}. Expected: all ranks make the same calls with the "
                f"same sizes, and all machines are reached. {last_checkpoint()}"
            ) from error

    def _poll(self, request: Any, call: str) -> None:
        for _ in range(_POLLS):
            if request.Test():
                return
        begin = looked = time.monotonic()
        while not request.Test():
            now = time.monotonic()
            if now - looked > _LOOK:
                self._look(request, call)
                looked = time.monotonic()
            if self.timeout is not None and now - begin > self.timeout:
                raise TimeoutError(self._who_is_late(call))
            time.sleep(0 if now - begin < _SPIN else min(max(_PAUSE[0], _LATE * (now - begin)), _PAUSE[1]))

    # ---- the end of a job --------------------------------------------------------------------------------------------
    def abort(self, error: BaseException) -> None:
        if self.size > 1:
            self._end.report(error)
            self.end_job()

    def end_job(self) -> None:
        if not self._mpi.Is_finalized():
            self._notices.tell(Notice.FAILED)
            self._mpi.COMM_WORLD.Abort(1)

    def leave(self) -> None:
        if self._mpi.Is_finalized():
            return
        self._notices.tell(Notice.LEFT)
        others = set(range(self.size)) - {self.rank}
        while not (others <= self._ended() and self._notices.delivered()) and not self.lost_ranks():
            time.sleep(_LOOK)

    def lost_ranks(self, wait: bool = False) -> list[int]:
        return self._peers.lost(wait) if self._peers else []

    def failed_rank(self) -> int | None:
        for _ in range(_POLLS):  # a message becomes visible while MPI is polled
            self._notices.receive()
        return next(iter(self._notices.heard[Notice.FAILED]), None)

    def describe_rank(self, rank: int) -> str:
        return f"rank {rank} ({self._peers.places[rank]})" if self._peers else f"rank {rank}"

    def _ended(self) -> set[int]:
        self._notices.receive()
        return set(self._notices.heard[Notice.LEFT]) | set(self._notices.heard[Notice.FAILED])

    def _look(self, request: Any, call: str) -> None:
        """Raises a RuntimeError if a rank has ended; answers those who ask who waits."""
        for rank, notice in self._notices.receive():
            if notice is Notice.ASK:
                self._notices.tell(Notice.WAITS, self._calls, rank)
        lost, left = self.lost_ranks(), list(self._notices.heard[Notice.LEFT])
        if not (lost or left) or request.Test():
            return
        if self.failed_rank() is not None:
            time.sleep(_MERCY)  # that rank has said why, and ends this process too
        names = ", ".join(self.describe_rank(rank) for rank in lost or left)
        what = "was lost" if lost else "ended its script"
        raise RuntimeError(f"{names} {what} while rank {self.rank} waits for it in {call}. {last_checkpoint()}")

    def _who_is_late(self, call: str) -> str:
        """Asks who else waits, and says who does not, or that the ranks wait at different calls."""
        self._notices.heard[Notice.WAITS].clear()
        self._notices.tell(Notice.ASK)
        begin = time.monotonic()
        while time.monotonic() - begin < _MERCY and len(self._notices.heard[Notice.WAITS]) < self.size - 1:
            self._notices.receive()
            time.sleep(_LOOK)
        waits = self._notices.heard[Notice.WAITS]
        absent = [rank for rank in range(self.size) if rank != self.rank and rank not in waits]
        names = (
            ", ".join(self.describe_rank(rank) for rank in absent) or f"calls {sorted({self._calls, *waits.values()})}"
        )
        return (
            f"rank {self.rank} has waited {self.timeout} s in {call} for {names}. Expected: all ranks make the same "
            f"calls. DataParallel(timeout=...) allows more time. {last_checkpoint()}"
        )


def _units(array: np.ndarray, nbytes: int) -> np.ndarray:
    """The bytes of an array as the largest integers that divide `nbytes`: for any dtype, with small counts."""
    size = math.gcd(8, nbytes) if nbytes else 1
    return array.reshape(-1).view(f"u{size}")
