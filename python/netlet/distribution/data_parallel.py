"""DataParallel and `set_distribution`: how a model is trained on several processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet import random
from netlet.base.messages import set_silent
from netlet.engine.storage import moved

from .communicator import Communicator
from .launch import find_communicator
from .layout import Layout

_SHARDS = 8  # by default: 1, 2, 4 and 8 processes have equal parts


class DataParallel:
    """Training in which each process computes a part of every batch.

    All processes run the same script with the same data: `mpirun -n 4 python train.py`. `batch_size` is the number of
    rows of the whole batch. It is divided into `shards`, and each process computes some of them. The gradients of the
    shards are added in a fixed order, so that the weights have the same bits for any number of processes.

    Alone, without `shards`, it does nothing.

    Args:
        device_mesh: None, the default; netlet has one device in each process.
        devices: None (the default), or the names of `list_devices()`.
        auto_shard_dataset: True, the default: every process has the same arrays, and computes its rows of each batch.
            Iterables yield each process's own part of the batch in any case.
        shards: parts of a batch, at least as many as processes; 8 by default. Results depend on this number, and not on
            that of the processes. Given explicitly, a process that is alone computes shard by shard too.
        synchronized: whether batch normalization uses the statistics of the whole batch, as in a process alone; False:
            those of each shard, which needs no exchange in each normalization.
        timeout: seconds after which a process that waits for another one raises an error; None for the default.

    Attributes:
        communicator: connects the processes.
        active: whether batches are divided.

    Raises:
        ValueError: fewer shards than processes, or an argument that netlet does not support.
        RuntimeError: the process is a worker of Ray Train that `ray_trainer` did not start.

    Example:

    >>> import netlet
    >>> parallel = DataParallel(shards=4)
    >>> parallel.shards, parallel.communicator.size
    (4, 1)
    """

    def __init__(
        self,
        device_mesh: Any = None,
        devices: Sequence[str] | None = None,
        auto_shard_dataset: bool = True,
        *,
        shards: int | None = None,
        synchronized: bool = True,
        timeout: float | None = None,
    ) -> None:
        if device_mesh is not None:
            raise ValueError(
                "DataParallel(device_mesh=): expected None, since each process has one device; start more processes."
            )
        self.communicator: Communicator = find_communicator()
        known = list_devices()
        if devices is not None and list(devices) != known:
            raise ValueError(f"DataParallel(devices=): expected None or {known}, received {list(devices)}.")
        if not auto_shard_dataset:
            raise ValueError(
                "DataParallel(auto_shard_dataset=): expected True; an iterable yields the own part of a batch."
            )
        if shards is not None and (isinstance(shards, bool) or not isinstance(shards, int) or shards < 1):
            raise ValueError(f"DataParallel(shards=): expected a positive integer, received {shards!r}.")
        size = self.communicator.size
        self.shards = max(_SHARDS, size) if shards is None else shards
        if self.shards < size:
            raise ValueError(
                f"DataParallel(shards={shards}): expected at least as many shards as processes, received {size} "
                "processes."
            )
        self.active = size > 1 or shards is not None
        self.synchronized = bool(synchronized)
        if timeout is not None:
            self.communicator.timeout = timeout

    @property
    def auto_shard_dataset(self) -> bool:
        """Whether every process has the same arrays: True."""
        return True

    @property
    def devices(self) -> list[str]:
        """The devices of all processes."""
        return list_devices()

    def layout(self, batch: int) -> Layout:
        """The shards of a batch that all processes have.

        Args:
            batch: number of rows of the whole batch.

        Returns:
            A Layout: `layout.shards` are the parts, of equal size or sizes that differ by one, and `layout.of_rank(r)`
                those that process r computes.
        """
        return Layout.of_batch(batch, self.shards, self.communicator.size)

    def __repr__(self) -> str:
        return f"<DataParallel processes={self.communicator.size} shards={self.shards}>"


_current: DataParallel | None = None


def distribution() -> DataParallel | None:
    """The distribution that `set_distribution` has set.

    Returns:
        A DataParallel, or None (the default).

    >>> distribution() is None
    True
    """
    return _current


def set_distribution(value: DataParallel | None) -> None:
    """Sets how models are trained from now on. Call it before layers are made: it gives all processes the same seeds.

    Args:
        value: a DataParallel, or None for training in this process alone.

    Raises:
        TypeError: something else.

    >>> set_distribution(None)
    >>> distribution() is None
    True
    """
    global _current
    if value is not None and not isinstance(value, DataParallel):
        raise TypeError(f"set_distribution: expected a DataParallel or None, received {type(value).__name__}.")
    _current = value
    set_silent(not writes_files())
    moved()  # steps that were recorded before are recorded again
    if value is not None:
        random.set_state(value.communicator.gather_objects(random.get_state())[0])


def active_distribution() -> DataParallel | None:
    """The distribution, if it divides batches."""
    return _current if _current is not None and _current.active else None


def writes_files() -> bool:
    """Whether this process writes files and messages: of several that train together, the first one does."""
    return _current is None or _current.communicator.rank == 0


def initialize(
    job_addresses: str | None = None, num_processes: int | None = None, process_id: int | None = None
) -> None:
    """Connects this process with the others of its job.

    mpirun and Ray tell each process all that it needs, so a call without arguments is enough, or none.

    Args:
        job_addresses: None, the default: mpirun and Ray connect the processes.
        num_processes: the number of processes, to be checked; None (the default): it is not.
        process_id: the rank of this process, to be checked; None (the default): it is not.

    Raises:
        ValueError: addresses, or other numbers than those of the job.

    >>> initialize(num_processes=1)
    """
    communicator = find_communicator()
    if job_addresses is not None:
        raise ValueError(
            "initialize(job_addresses=): expected None, since mpirun or Ray connect the processes, received "
            f"{job_addresses!r}."
        )
    for name, given, real in (
        ("num_processes", num_processes, communicator.size),
        ("process_id", process_id, communicator.rank),
    ):
        if given is not None and given != real:
            raise ValueError(f"initialize({name}=): expected {real}, as this job has it, received {given}.")


def list_devices(device_type: str | None = None) -> list[str]:
    """The devices of the job: one for each process.

    Args:
        device_type: "cpu", "gpu" or "tpu"; None (the default) for "cpu", the only kind that several processes train on.

    Returns:
        list of "cpu:0", "cpu:1", ..., by rank; an empty list for "gpu" and "tpu".

    Raises:
        ValueError: another kind.

    >>> list_devices()
    ['cpu:0']
    """
    kind = "cpu" if device_type is None else device_type.lower()
    if kind not in ("cpu", "gpu", "tpu"):
        raise ValueError(f'list_devices: expected "cpu", "gpu" or "tpu", received {device_type!r}.')
    return [f"cpu:{rank}" for rank in range(find_communicator().size)] if kind == "cpu" else []


def get_device_count(device_type: str | None = None) -> int:
    """The number of devices of the job, which `list_devices` lists.

    Args:
        device_type: "cpu", "gpu" or "tpu"; None (the default) for "cpu".

    Returns:
        int: the number of processes, or 0 for "gpu" and "tpu".

    Raises:
        ValueError: another kind.

    >>> get_device_count()
    1
    """
    return len(list_devices(device_type))
