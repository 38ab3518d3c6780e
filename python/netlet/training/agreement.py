"""Makes the processes of a data-parallel training agree: on what they train with, and on the values they begin with."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from netlet import random
from netlet.distribution.data_parallel import active_distribution
from netlet.distribution.same import check_same

from .data_sources import ArrayData, ArraySource
from .epoch_iterator import EpochIterator
from .own_fields import step_state
from .own_step import optimizers_of

_MOST_BYTES = 1 << 24  # of an array that the checksum reads; of a larger one it reads rows at equal distances
_ROWS = 4096


def check_data(method: str, batches: EpochIterator, **arguments: Any) -> None:
    """Checks that all processes were given the same arrays and arguments. Iterables are not compared.

    Args:
        method: name of the calling method.
        batches: the epochs.
        arguments: numbers, by name.

    Raises:
        ValueError: they differ.
    """
    parallel = active_distribution()
    if parallel is None or parallel.communicator.size == 1:
        return
    source = batches.source
    facts: dict[str, Any] = {"kind of data": type(source).__name__, **arguments}
    if isinstance(source, ArraySource):
        facts |= {**_facts_of(source.data), "batch_size": source.batch}
    check_same(method, {**facts, "number of batches": batches.num_batches})


def _facts_of(data: ArrayData) -> dict[str, Any]:
    arrays = [t.numpy() for t in data.leaves()]
    return {
        "shapes and dtypes of the arrays": [(a.shape, a.dtype.name) for a in arrays],
        "values in the arrays (checksums)": [_checksum(a) for a in arrays],
    }


def _checksum(array: np.ndarray) -> int:
    if array.nbytes > _MOST_BYTES:
        array = array[np.linspace(0, len(array) - 1, min(_ROWS, len(array)), dtype=np.int64)]
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data)


def share_seeds(model: Any) -> None:
    """Gives all processes the seeds of the first one: those of the model's random layers, and the global sequence."""
    parallel = active_distribution()
    if parallel is None or parallel.communicator.size == 1:
        return
    own = {"random": random.get_state(), "layers": [[g.seed, g.drawn] for g in model.seed_generators]}
    found = parallel.communicator.gather_objects(own)
    check_same("fit", {"number of random layers": len(own["layers"])})
    random.set_state(found[0]["random"])
    for generator, (seed, drawn) in zip(model.seed_generators, found[0]["layers"], strict=True):
        generator.seed, generator.drawn = int(seed), int(drawn)


def share_state(model: Any) -> None:
    """Gives all processes the values of the first one: weights, optimizers, the number of steps, and the shuffling.

    Args:
        model: the Trainer, whose weights exist.

    Raises:
        ValueError: the processes have different models or optimizers.
    """
    parallel = active_distribution()
    if parallel is None or parallel.communicator.size == 1:
        return
    communicator, optimizers = parallel.communicator, optimizers_of(model, "train")
    variables = [*model.variables, *(v for o in optimizers for v in o.variables)]
    check_same(
        "fit",
        {
            "model: shapes of the variables": [(v.shape, v._dtype) for v in model.variables],
            "optimizer": [_config_of(o) for o in optimizers],
        },
    )
    values = [np.ascontiguousarray(v.numpy()) for v in variables]
    data = np.concatenate([np.zeros(0, np.uint8), *(a.reshape(-1).view(np.uint8) for a in values)])
    communicator.broadcast(data)
    at = 0
    for v, a in zip(variables, values, strict=True):
        given = data[at : at + a.nbytes].view(a.dtype).reshape(a.shape)
        at += a.nbytes
        if communicator.rank and a.tobytes() != given.tobytes():
            v._tensor.copy_from(given)
    step_state(model).set(communicator.gather_objects(step_state(model).get())[0])


def _config_of(optimizer: Any) -> Any:
    try:
        return type(optimizer).__name__, optimizer.get_config()
    except (NotImplementedError, TypeError, ValueError):
        return type(optimizer).__name__


def together(batches: Iterator[ArrayData], whole: bool) -> Iterator[ArrayData]:
    """The batches of an epoch; in data-parallel training with the rows that each process has of them.

    Args:
        batches: of this process.
        whole: whether each process has the whole batch, and not its own part of it.

    Raises:
        ValueError: the processes have different numbers of batches.
    """
    parallel = active_distribution()
    if parallel is None or whole:
        yield from batches
        return
    done = 0
    while True:
        data = next(batches, None)
        rows = parallel.communicator.all_gather(np.array([0 if data is None else data.rows], np.int64))
        counts = tuple(int(n) for n in rows.reshape(-1))
        if not any(counts):
            return
        if data is None or not all(counts):
            ended = [rank for rank, n in enumerate(counts) if not n]
            raise ValueError(
                f"Data-parallel training expects as many batches on all processes: those of ranks {ended} ended after "
                f"{done} batches."
            )
        data.rows_of_ranks = counts
        done += 1
        yield data
