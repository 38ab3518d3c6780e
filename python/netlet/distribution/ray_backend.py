"""What Ray Train does before it calls the training function: gives each worker its communicator."""

from __future__ import annotations

from typing import Any

from netlet.base.extras import needs

from .launch import use_communicator
from .ray_communicator import Meeting, RayWorkers


def meeting_backend() -> Any:
    """Makes Ray's configuration of a backend whose workers meet at an actor."""
    ray = needs("ray", "ray", "netlet.distribution.ray_trainer")
    backends = needs("ray.train.backend", "ray", "netlet.distribution.ray_trainer")

    class MeetingBackend(backends.Backend):  # type: ignore[name-defined]
        """Starts an actor for each group of workers. A group that replaces a lost one has a new actor."""

        def on_start(self, worker_group: Any, backend_config: Any) -> None:
            size = len(worker_group)
            self._meeting = ray.remote(num_cpus=0, max_concurrency=max(1000, 4 * size))(Meeting).remote(size)
            ray.get([worker_group.execute_single_async(rank, _join, self._meeting, rank, size) for rank in range(size)])

        def on_shutdown(self, worker_group: Any, backend_config: Any) -> None:
            ray.kill(self._meeting)

    class MeetingConfig(backends.BackendConfig):  # type: ignore[name-defined]
        """Names the backend."""

        @property
        def backend_cls(self) -> type:
            return MeetingBackend

    return MeetingConfig()


def _join(meeting: Any, rank: int, size: int) -> None:
    use_communicator(RayWorkers(meeting, rank, size))
