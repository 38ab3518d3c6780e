"""How much faster each workload's training step would be on more cores.

    PYTHONPATH=python:bench python -m bench.schedule [--only NAME] [--threads 2 4 8 16 32 64] [--limits 5]

The chunks of every record are timed on one thread; the pool's schedule is then simulated. Cores are assumed to be equal
and not to share anything: real ones share memory's bandwidth and the last cache, so the figures are bounds from above.
Below each workload stand the records that limit it on the most cores: those that lose the most time.
"""

from __future__ import annotations

import argparse

import netlet
from bench.schedule.simulation import Costs, lost_seconds, step_seconds
from workloads import WORKLOADS, Workload, build, data


def timed_chunks(w: Workload, steps: int) -> tuple[list[dict[str, object]], list[list[float]]]:
    """The records of one training step, and the seconds of their chunks."""
    x, y = data(w, steps=1)
    model = build(netlet, w)
    view = model.plan(x, y, batch_size=w.batch, mode="train")
    return view.records(), view.chunk_seconds(steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="part of the name of a workload")
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 4, 8, 16, 32, 64])
    parser.add_argument("--limits", type=int, default=5, help="records to name for each workload")
    parser.add_argument("--steps", type=int, default=20, help="runs; each chunk counts with its shortest time")
    options = parser.parse_args()
    costs, most = Costs(), max(options.threads)
    print(f"{'workload':44}{'step, ms':>10}" + "".join(f"{f'{n} cores':>10}" for n in options.threads))
    for w in WORKLOADS:
        if options.only not in w.name:
            continue
        records, chunks = timed_chunks(w, options.steps)
        alone = step_seconds(chunks, 1, costs)
        speedups = [alone / step_seconds(chunks, n, costs) for n in options.threads]
        print(f"{w.name:44}{alone * 1e3:10.3f}" + "".join(f"{s:10.2f}" for s in speedups), flush=True)
        lost = sorted(((lost_seconds(c, most, costs), i) for i, c in enumerate(chunks)), reverse=True)
        for seconds, i in lost[: options.limits]:
            share = seconds / step_seconds(chunks, most, costs)
            what = f"{records[i]['layer']}: {records[i]['kernel']}"
            print(f"    {what:60} {len(chunks[i]):4} chunks, {sum(chunks[i]) * 1e6:8.1f} us alone, loses {share:4.0%}")


if __name__ == "__main__":
    main()
