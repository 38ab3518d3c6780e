"""Image layers beside the training step that they feed: 64 images of 32 x 32 x 3, two convolutions.

    python bench/augmentation.py                     one and two threads
    python bench/augmentation.py --threads 1 --only Elastic

Each layer is a plan of its own, which runs on one batch. The step is `train_on_batch` of the network below. Both are
the best of many runs, for one thread in its processor time: the work is the same each time, and other load on the
machine only adds to it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import netlet
from netlet import _core, layers

SHAPE = (64, 32, 32, 3)
LAYERS: dict[str, dict[str, Any]] = {
    "RandomFlip": {"mode": "horizontal"},
    "RandomRotation": {"factor": 0.1},
    "RandomZoom": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomShear": {"x_factor": 0.2, "y_factor": 0.2},
    "RandomCrop": {"height": 28, "width": 28},
    "RandomPerspective": {"scale": 0.5},
    "RandomElasticTransform": {},
    "CenterCrop": {"height": 28, "width": 28},
    "Resizing": {"height": 28, "width": 28},
    "RandomBrightness": {"factor": 0.2},
    "RandomContrast": {"factor": 0.2},
}


def best(work: Callable[[], object], seconds: float, clock: Callable[[], float]) -> float:
    """The shortest time of a call, in seconds."""
    work()
    shortest, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = clock()
        work()
        shortest = min(shortest, clock() - start)
    return shortest


def plan_of(layer: Any) -> Any:
    tape = _core.Tape(record=True)
    with tape:
        tape.set_step(_core.tensor(np.zeros((), "int64")))
        return tape.compile([layer(tape.input(SHAPE, "float32", "images"), training=True)])


def network() -> Any:
    model = netlet.Sequential(
        [
            netlet.Input(SHAPE[1:]),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    model.compile("adam", netlet.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--only", default="", help="layers whose name contains this")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each layer")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 255, SHAPE).astype("float32"), rng.integers(0, 10, SHAPE[0])
    for threads in args.threads:
        netlet.set_num_threads(threads)
        clock = time.thread_time if threads == 1 else time.perf_counter
        model = network()
        step = best(lambda m=model: m.train_on_batch(x, y), 5 * args.seconds, clock)
        print(f"{threads} threads: training step {step * 1e3:.2f} ms")
        for name, arguments in LAYERS.items():
            if args.only not in name:
                continue
            seed = {} if name in ("CenterCrop", "Resizing") else {"seed": 1}
            plan = plan_of(getattr(layers, name)(**arguments, **seed))
            t = best(lambda p=plan: p.run([x]), args.seconds, clock)
            print(f"  {name:24s} {t * 1e6:7.0f} us  {100 * t / step:5.1f} %")


if __name__ == "__main__":
    main()
