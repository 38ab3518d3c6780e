"""How a process learns that it is one of several, and of which kind."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from .communicator import Communicator, Single

# The launchers' variables for the number of processes: Open MPI; MPICH, Intel MPI, Cray and Slurm's PMI; MVAPICH; IBM.
_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "JSM_NAMESPACE_SIZE")
# Variables of launchers that do not say how many there are: any PMIx server, such as `srun --mpi=pmix`.
_RANKS = ("PMIX_RANK", "PMI_RANK")

_current: Communicator | None = None


def launched_processes(environment: Mapping[str, str]) -> int | None:
    """The number of processes that mpirun or a batch system started this one with.

    Args:
        environment: the environment variables.

    Returns:
        The number; 1 if there is no sign of a launcher; None if there is one that does not say how many.

    >>> launched_processes({"OMPI_COMM_WORLD_SIZE": "4"}), launched_processes({})
    (4, 1)
    """
    for name in _SIZES:
        if environment.get(name, "").isdigit():
            return int(environment[name])
    return None if any(name in environment for name in _RANKS) else 1


def find_communicator() -> Communicator:
    """The communicator of this process: that of `use_communicator`, MPI's under mpirun, or that of a process alone.

    Alone it does not import mpi4py. It is made once; later calls return the same one.

    Raises:
        ImportError: the process was started by mpirun, and mpi4py is not installed.
        RuntimeError: mpirun belongs to another MPI than mpi4py uses, or this is a worker of Ray Train that another
            trainer than `ray_trainer` started.
    """
    global _current
    if _current is None:
        processes = launched_processes(os.environ)
        if processes == 1:
            _refuse_other_trainers()
            return Single()
        from .mpi import MPI

        _current = MPI(processes)
    return _current


def use_communicator(communicator: Communicator | None) -> None:
    """Sets what `find_communicator` returns: for launchers other than mpirun. None: it looks for one again."""
    global _current
    _current = communicator


def _refuse_other_trainers() -> None:
    train = sys.modules.get("ray.train")
    if train is None:
        return
    try:
        workers = train.get_context().get_world_size()
    except RuntimeError:  # no worker
        return
    if workers > 1:
        raise RuntimeError(
            "Expected: a worker of Ray Train that `netlet.distribution.ray_trainer` started. Received: one of another "
            "trainer, whose workers know nothing of each other here."
        )
