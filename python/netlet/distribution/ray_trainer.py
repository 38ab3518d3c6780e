"""Data-parallel training on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet.base.extras import needs


def ray_trainer(train_loop_per_worker: Callable[..., Any], **arguments: Any) -> Any:
    """Makes a trainer of Ray Train, whose workers are the ranks of `DataParallel`.

    The function is the script that mpirun would start: it calls `set_distribution(DataParallel())`, builds the model
    and calls `fit`. It imports netlet itself, since it runs on the workers. `callbacks.ReportCheckpointCallback`
    reports metrics and checkpoints to Ray.

    Args:
        train_loop_per_worker: what each worker runs; it takes `train_loop_config` if it has an argument.
        arguments: those of `ray.train.data_parallel_trainer.DataParallelTrainer`, such as `train_loop_config`,
            `scaling_config=ray.train.ScalingConfig(num_workers=4)` and `run_config`.

    Returns:
        The trainer: its method `fit()` starts the workers and returns a `ray.train.Result`.

    Raises:
        ImportError: Ray is not installed.

    Source: Ray Train, `DataParallelTrainer`.

    Example:

    >>> def train(config):
    ...     import netlet as keras
    ...     keras.distribution.set_distribution(keras.distribution.DataParallel())
    ...     model = keras.Sequential([keras.layers.Dense(1)])
    ...     model.compile("adam", "mse")
    ...     model.fit(config["x"], config["y"])
    >>> result = ray_trainer(train, scaling_config=ray.train.ScalingConfig(num_workers=2)).fit()  # doctest: +SKIP
    """
    from .ray_backend import meeting_backend  # imports asyncio

    user = "netlet.distribution.ray_trainer"
    second = hasattr(needs("ray.train", "ray", user), "get_all_reported_checkpoints")  # of the two versions of Train
    folder = "ray.train.v2.api" if second else "ray.train"
    trainers = needs(f"{folder}.data_parallel_trainer", "ray", user)
    return trainers.DataParallelTrainer(train_loop_per_worker, backend_config=meeting_backend(), **arguments)
