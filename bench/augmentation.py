"""Image layers beside the training step that they feed: 64 images of 32 x 32 x 3, two convolutions.

    python bench/augmentation.py                     one and two threads
    python bench/augmentation.py --threads 1 --only Elastic

Each layer is a plan of its own, which runs on one batch with the random numbers of `DRAWS` steps, again and again. The
time of each step is the least of its repetitions, for one thread in its processor time: the work of a step is the same
each time, and other load on the machine only adds to it. Printed are the mean over the steps, its share of the training
step, and the share of the slowest step: what AugMix costs depends on the augmentations that it draws. The training
step is `train_on_batch` of the network below.
"""

from __future__ import annotations

import argparse
import inspect
import time
from typing import Any

import numpy as np

import netlet
from netlet import _core, layers
from netlet.commands.bench.timing import Clock, shortest

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
    "RandomColorDegeneration": {"factor": 0.5},
    "RandomColorJitter": {
        "brightness_factor": 0.2,
        "contrast_factor": 0.2,
        "saturation_factor": 0.2,
        "hue_factor": 0.2,
    },
    "RandomGrayscale": {"factor": 0.5},
    "RandomHue": {"factor": 0.2},
    "RandomInvert": {"factor": 0.5},
    "RandomPosterization": {"factor": 4},
    "RandomSaturation": {"factor": 0.2},
    "RandomSharpness": {"factor": 0.5},
    "RandomGaussianBlur": {},
    "RandomErasing": {},
    "Solarization": {"addition_factor": 0.3, "threshold_factor": 0.3},
    "AutoContrast": {},
    "Equalization": {},
    "ContrastLimitedAdaptiveHistogramEqualization": {},
    "RandAugment": {},
    "AugMix": {},
}
DRAWS = 24


class Augmentation:
    """A layer as a plan that runs on the images `x`."""

    def __init__(self, name: str, x: Any) -> None:
        cls = getattr(layers, name)
        seed = {"seed": 1} if "seed" in inspect.signature(cls).parameters else {}
        self.x = x
        self.step = _core.tensor(np.zeros((), "int64"))
        tape = _core.Tape(record=True)
        with tape:
            tape.set_step(self.step)
            images = tape.input(SHAPE, "float32", "images")
            self.plan = tape.compile([cls(**LAYERS[name], **seed)(images, training=True)])

    def seconds(self, seconds: float, clock: Clock) -> np.ndarray[Any, Any]:
        """The shortest time of each of the first `DRAWS` steps."""
        best, end = np.full(DRAWS, np.inf), time.perf_counter() + seconds
        while time.perf_counter() < end:
            _core.assign(_core.tensor(np.zeros((), "int64")), self.step)
            for i in range(DRAWS):
                start = clock()
                self.plan.run([self.x])
                best[i] = min(best[i], clock() - start)
                _core.increment(self.step)
        return best


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
        step = shortest(lambda m=model: m.train_on_batch(x, y), seconds=5 * args.seconds, clock=clock)
        print(f"{threads} threads: training step {step * 1e3:.2f} ms")
        for name in LAYERS:
            if args.only not in name:
                continue
            t = Augmentation(name, x).seconds(args.seconds, clock)
            shares = 100 * t / step
            print(f"  {name:44s} {t.mean() * 1e6:6.0f} us {shares.mean():5.1f} % {shares.max():5.1f} %")


if __name__ == "__main__":
    main()
