"""The processes of the other ranks: which of those on this machine have ended."""

from __future__ import annotations

import contextlib
import os
import select
import socket
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """Where a rank runs.

    Attributes:
        host: the machine's name.
        space: names what processes with the same process ids share: a boot of a machine, and a container on it.
        pid: the process id.
    """

    host: str
    space: str
    pid: int

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    @classmethod
    def here(cls) -> Place:
        """The place of this process."""
        host = socket.gethostname()
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            space = f"{boot} {os.stat('/proc/self/ns/pid').st_ino}"
        except OSError:
            space = host
        return cls(host, space, os.getpid())


class Peers:
    """Sees which of the other ranks' processes on this machine have ended; of other machines it knows nothing.

    Args:
        places: of all ranks, in their order.
        rank: this process.
    """

    def __init__(self, places: list[Place], rank: int) -> None:
        self.places = places
        self.rank = rank
        self._watched: dict[int, int] = {}  # process's file descriptor -> rank
        self._ids: dict[int, int] = {}  # rank -> process id, where the system has no such descriptors
        for other, place in enumerate(places):
            if other == rank or place.space != places[rank].space:
                continue
            try:
                descriptor = os.pidfd_open(place.pid)
            except (OSError, AttributeError):
                self._ids[other] = place.pid
            else:
                self._watched[descriptor] = other

    def lost(self, wait: bool = False) -> list[int]:
        """The ranks whose processes have ended; with `wait`, returns when there is one."""
        poll = select.poll()
        for descriptor in self._watched:
            poll.register(descriptor, select.POLLIN)
        ended = [self._watched[descriptor] for descriptor, _ in poll.poll(None if wait else 0)]
        for rank, pid in self._ids.items():
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                ended.append(rank)
        return sorted(ended)

    def close(self) -> None:
        """Closes the descriptors."""
        for descriptor in self._watched:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._watched = {}
