"""What Ray Train does before it calls the training function: gives each worker its communicator. It imports Ray."""

from __future__ import annotations

from typing import Any

import ray
from ray.train.backend import Backend, BackendConfig

from .launch import use_communicator
from .ray_communicator import Meeting, RayWorkers


class WorkersMeet(BackendConfig):
    """Ray's configuration of the backend below."""

    @property
    def backend_cls(self) -> type[Backend]:
        return MeetingBackend


class MeetingBackend(Backend):
    """Starts an actor for each group of workers, where they meet. A group that replaces a lost one has a new one."""

    def on_start(self, worker_group: Any, backend_config: BackendConfig) -> None:
        size = len(worker_group)
        self._meeting = ray.remote(num_cpus=0, max_concurrency=max(1000, 4 * size))(Meeting).remote(size)
        ray.get([worker_group.execute_single_async(rank, _join, self._meeting, rank, size) for rank in range(size)])

    def on_shutdown(self, worker_group: Any, backend_config: BackendConfig) -> None:
        ray.kill(self._meeting)


def _join(meeting: Any, rank: int, size: int) -> None:
    use_communicator(RayWorkers(meeting, rank, size))
