"""Memory that the processes of one machine share."""

from __future__ import annotations

import contextlib
import mmap
import os

import numpy as np

from .communicator import Communicator
from .peers import Place


def share_memory(communicator: Communicator, nbytes: int) -> list[np.ndarray] | None:
    """Gives each rank a block of memory that all ranks can read and write. All ranks call it together.

    A block is a file without a name (`memfd_create`), which the other processes open by way of /proc, so the small
    /dev/shm of containers does not limit it and nothing remains when a process is killed. It is freed with the last
    array that refers to it.

    Args:
        communicator: of the ranks.
        nbytes: size of this rank's block.

    Returns:
        The blocks of all ranks, each an array of bytes that begins at a page; None on all ranks if one of them cannot
        have it, or if they are on several machines.
    """
    places = [Place(*place) for place in communicator.gather_objects(Place.here())]
    if len({place.space for place in places}) > 1:
        return None
    descriptor = -1
    blocks: list[np.ndarray] | None = None
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.memfd_create("netlet")
        os.posix_fallocate(descriptor, 0, max(nbytes, 1))  # a lack of memory is an error here, and no crash later
    files = communicator.gather_objects((places[communicator.rank].pid, descriptor, nbytes))
    if all(number != -1 for _, number, _ in files):
        with contextlib.suppress(OSError):
            blocks = [_map(f"/proc/{pid}/fd/{number}", size) for pid, number, size in files]
    complete = all(communicator.gather_objects(blocks is not None))
    if descriptor != -1:
        os.close(descriptor)
    return blocks if complete else None


def _map(path: str, nbytes: int) -> np.ndarray:
    descriptor = os.open(path, os.O_RDWR)
    try:
        return np.frombuffer(mmap.mmap(descriptor, max(nbytes, 1)), np.uint8, nbytes)
    finally:
        os.close(descriptor)
