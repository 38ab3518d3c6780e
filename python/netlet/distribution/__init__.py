"""Training on several processes and machines, under the names of `keras.distribution`.

`pip install 'netlet[mpi]'` for MPI, `pip install 'netlet[ray]'` for Ray.
"""

from __future__ import annotations

from netlet.base.missing import explain_missing

from .data_parallel import (
    DataParallel,
    distribution,
    get_device_count,
    initialize,
    list_devices,
    set_distribution,
)
from .ray_trainer import ray_trainer

__all__ = [
    "DataParallel",
    "distribution",
    "get_device_count",
    "initialize",
    "list_devices",
    "ray_trainer",
    "set_distribution",
]

explain_missing(__name__)
