"""MobileNetV2 and ResNet50: inference and training steps against PyTorch, construction and summary.

    python bench/applications.py                       everything
    python bench/applications.py --only MobileNetV2 --rows predict --threads 1 --seconds 3

PyTorch runs the same architecture, written here as torchvision has it (padding inside the convolutions), in eager mode
with its default layout and with channels last; the better one counts. All sides have the same weights, and their
outputs are compared before anything is timed. They take turns in one process; the median counts. A training step is
`train_on_batch` against a bare loop: forward, cross-entropy, backward, SGD. `--cpu-time` measures the time of the
process's threads instead of that of the wall clock, for machines with other load (on one thread only).
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import time
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

sys.path.insert(1, str(pathlib.Path(__file__).parent.parent))

import netlet
from bench.harness.results import write_results
from bench.harness.ruler import Ruler
from netlet.commands.bench.timing import alternate
from netlet.commands.info import describe_machine

# (batch, height and width) of each row.
PREDICT = ((1, 224), (16, 224))
TRAIN = ((16, 96), (16, 224))
NAMES = ("MobileNetV2", "ResNet50")


def network(name: str, size: int) -> Any:
    """netlet's model without softmax."""
    return getattr(netlet.applications, name)(
        weights=None, input_shape=(size, size, 3), classifier_activation=None, classes=1000
    )


# ---- PyTorch ---------------------------------------------------------------------------------------------------------
def torch_mobilenet_v2(nn: Any) -> Any:
    def conv(before: int, after: int, kernel: int, stride: int = 1, groups: int = 1, relu: bool = True) -> list[Any]:
        parts = [nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False)]
        parts.append(nn.BatchNorm2d(after, eps=1e-3, momentum=1e-3))
        return [*parts, nn.ReLU6(inplace=True)] if relu else parts

    class Block(nn.Module):
        def __init__(self, before: int, after: int, stride: int, expansion: int) -> None:
            super().__init__()
            wide = before * expansion
            parts = conv(before, wide, 1) if expansion != 1 else []
            parts += conv(wide, wide, 3, stride, wide) + conv(wide, after, 1, relu=False)
            self.parts, self.added = nn.Sequential(*parts), stride == 1 and before == after

        def forward(self, x: Any) -> Any:
            return x + self.parts(x) if self.added else self.parts(x)

    parts, before = conv(3, 32, 3, 2), 32
    stages = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
    for expansion, after, repeats, stride in stages:
        for i in range(repeats):
            parts.append(Block(before, after, 1 if i else stride, expansion))
            before = after
    parts += [*conv(320, 1280, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000)]
    return nn.Sequential(*parts)


def torch_resnet50(nn: Any) -> Any:
    def conv(before: int, after: int, kernel: int, stride: int = 1) -> list[Any]:
        return [
            nn.Conv2d(before, after, kernel, stride, kernel // 2),
            nn.BatchNorm2d(after, eps=1.001e-5, momentum=0.01),
        ]

    class Block(nn.Module):
        def __init__(self, before: int, channels: int, stride: int, projected: bool) -> None:
            super().__init__()
            self.shortcut = nn.Sequential(*conv(before, 4 * channels, 1, stride)) if projected else nn.Identity()
            relu = nn.ReLU(inplace=True)
            self.parts = nn.Sequential(
                *(*conv(before, channels, 1, stride), relu, *conv(channels, channels, 3), relu),
                *conv(channels, 4 * channels, 1),
            )
            self.relu = relu

        def forward(self, x: Any) -> Any:
            return self.relu(self.shortcut(x) + self.parts(x))

    parts, before = [*conv(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)], 64
    for stage, count in enumerate((3, 4, 6, 3)):
        for i in range(count):
            parts.append(Block(before, 64 << stage, 2 if i == 0 and stage else 1, i == 0))
            before = 256 << stage
    parts += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000)]
    return nn.Sequential(*parts)


TORCH = {"MobileNetV2": torch_mobilenet_v2, "ResNet50": torch_resnet50}


def with_weights_of(model: Any, ours: Any, flipped: bool) -> Any:
    """Gives PyTorch's model the weights of netlet's.

    Args:
        model: PyTorch's.
        ours: netlet's. Its layers are in the order of the modules: a projected shortcut comes before its block's end.
        flipped: whether to mirror the kernels in both directions. Keras's MobileNetV2 pads images below and on the
            right before convolutions of stride 2, PyTorch's above and on the left; on mirrored images they are equal.
    """
    import torch

    layers = {id(layer): layer for layer in ours.layers if layer.weights}
    order = sorted(layers.values(), key=lambda layer: _rank(layer.name))
    modules = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.BatchNorm2d, torch.nn.Linear))]
    assert len(order) == len(modules)
    for layer, module in zip(order, modules, strict=True):
        arrays = [np.array(w) for w in layer.get_weights()]
        if arrays[0].ndim == 4:
            kernel = arrays[0].transpose((3, 2, 0, 1) if arrays[0].shape[3] > 1 else (2, 3, 0, 1))
            arrays[0] = kernel[:, :, ::-1, ::-1] if flipped else kernel
        elif arrays[0].ndim == 2:
            arrays[0] = arrays[0].T
        state = [v for v in module.state_dict().values() if v.ndim]
        for tensor, array in zip(state, arrays, strict=True):
            tensor.copy_(torch.from_numpy(np.ascontiguousarray(array)))
    return model


def _rank(name: str) -> tuple[int, ...]:
    """The place of a layer of the two networks among PyTorch's modules, from its name."""
    last = {"Conv_1": 1, "Conv_1_bn": 2, "predictions": 3}
    if name in last:
        return (99, last[name])
    numbers = [int(n) for n in "".join(c if c.isdigit() else " " for c in name).split()]
    kind = ("expand", "expand_BN", "depthwise", "depthwise_BN", "project", "project_BN")
    if name.startswith(("block_", "expanded_conv_")):
        start = f"block_{numbers[0]}_" if name.startswith("block_") else "expanded_conv_"
        return (1, numbers[0] if numbers else 0, kind.index(name.removeprefix(start)))
    if name.startswith("conv") and "block" in name:
        return (1, *numbers, int(name.endswith("bn")))
    return (0, int("bn" in name))


class Torch:
    """PyTorch's side of a row."""

    def __init__(self, name: str, ours: Any, x: np.ndarray, y: np.ndarray, channels_last: bool) -> None:
        import torch

        self.torch = torch
        flipped = name == "MobileNetV2"
        self.model = with_weights_of(TORCH[name](torch.nn), ours, flipped)
        form = torch.channels_last if channels_last else torch.contiguous_format
        self.model = self.model.to(memory_format=form)
        images = x[:, ::-1, ::-1] if flipped else x
        self.x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).contiguous(memory_format=form)
        self.y = torch.from_numpy(y.astype(np.int64))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-3)

    def predict(self) -> Any:
        self.model.eval()
        with self.torch.inference_mode():
            return self.model(self.x)

    def train(self) -> Any:
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.torch.nn.functional.cross_entropy(self.model(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


# ---- the rows --------------------------------------------------------------------------------------------------------
def row(name: str, mode: str, batch: int, size: int, seconds: float, clock: Any, ruler: Ruler) -> dict[str, float]:
    """Times one row and prints it: {side: seconds}, and the floor in GFLOP/s."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, size, size, 3), dtype=np.float32)
    y = rng.integers(0, 1000, batch).astype(np.int32)
    netlet.utils.set_random_seed(0)
    ours = network(name, size)
    sides: dict[str, Any] = {}
    peers = {}
    if find_spec("torch"):
        peers = {
            side: Torch(name, ours, x, y, last) for side, last in (("torch", False), ("torch, channels last", True))
        }
    if mode == "predict":
        sides["netlet"] = partial(ours.predict_on_batch, x)
        expected = ours.predict_on_batch(x)
        for peer in peers.values():
            np.testing.assert_allclose(peer.predict().numpy(), expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())
    else:
        ours.compile(netlet.optimizers.SGD(1e-3), netlet.losses.SparseCategoricalCrossentropy(from_logits=True))
        sides["netlet"] = partial(ours.train_on_batch, x, y)
        first = float(np.asarray(ours.train_on_batch(x, y)))
        for peer in peers.values():
            np.testing.assert_allclose(float(peer.train()), first, rtol=1e-3)
    sides |= {side: getattr(peer, mode) for side, peer in peers.items()}
    settle = 0.03 if netlet.get_num_threads() > 1 else 0.0
    taken, floor = ruler.beside(
        lambda: alternate(*sides.values(), seconds=seconds, samples=5, settle=settle, clock=clock)
    )
    times = dict(zip(sides, taken))
    text = "  ".join(f"{side} {t * 1e3:8.2f} ms" for side, t in times.items())
    if peers:
        best = min(t for side, t in times.items() if side != "netlet")
        text += f"  torch/netlet {best / times['netlet']:5.2f}"
    print(f"{name:12s} {mode:8s} batch {batch:2d}, {size}²  {text}  floor {floor:.0f} GFLOP/s", flush=True)
    return times | {"floor": floor}


def construction(name: str) -> None:
    start = time.perf_counter()
    model = network(name, 224)
    built = time.perf_counter()
    model.summary(print_fn=lambda *args, **kwargs: None)
    print(f"{name:12s} construction {built - start:.2f} s, summary {time.perf_counter() - built:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(NAMES))
    parser.add_argument("--rows", default="construction,predict,train")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--seconds", type=float, default=3.0, help="spent on each side of each row")
    parser.add_argument("--sizes", default="", help="only rows of these sizes, as 224,96")
    parser.add_argument("--json", help="a file for the numbers")
    parser.add_argument("--cpu-time", action="store_true", help="the time of the process's threads")
    options = parser.parse_args()
    clock = time.process_time if options.cpu_time else time.perf_counter
    sizes = [int(n) for n in options.sizes.split(",") if n]
    print(describe_machine())
    for name in options.only.split(","):
        if "construction" in options.rows:
            construction(name)
    table = {}
    for threads in map(int, options.threads.split(",")):
        netlet.set_num_threads(threads)
        ruler = Ruler(threads)
        if find_spec("torch"):
            import torch

            torch.set_num_threads(threads)
        print(f"{threads} threads")
        for name in options.only.split(","):
            for mode, shapes in (("predict", PREDICT), ("train", TRAIN)):
                for batch, size in shapes if mode in options.rows else ():
                    if not sizes or size in sizes:
                        key = f"{name}, {mode}, batch {batch}, {size}², {threads} threads"
                        table[key] = row(name, mode, batch, size, options.seconds, clock, ruler)
    if options.json:
        write_results(options.json, {"applications": table})


if __name__ == "__main__":
    main()
