"""How many images or rows a second does a data pipeline deliver, beside Pillow's decoder, a plain loop and PyTorch?

    python -m bench.pipelines [--images 300] [--repeats 5]

The images are made: JPEG files of 500 x 375 pixels, resized to 180 x 180. Each way is checked to deliver all of them
before it is timed; the fastest of the repeats counts. PyTorch, where it is installed, reads the files with a
DataLoader of two worker processes. Warm: the files are in the page cache.
"""

from __future__ import annotations

import argparse
import pathlib
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from netlet.commands.bench.timing import shortest
from netlet.data import Dataset
from netlet.utils import image_dataset_from_directory

SIZE = (180, 180)


def make_folder(folder: pathlib.Path, count: int) -> list[pathlib.Path]:
    """Writes JPEG files of smooth colours with noise, in two classes. Returns their paths."""
    rng = np.random.default_rng(0)
    paths = []
    for i in range(count):
        smooth = Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)).resize(
            (500, 375), Image.Resampling.BICUBIC
        )
        noisy = np.asarray(smooth).astype(int) + rng.integers(-12, 12, (375, 500, 3))
        path = folder / ("cat" if i % 2 else "dog") / f"{i}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=90)
        paths.append(path)
    return paths


def decoded(paths: list[pathlib.Path]) -> Iterator[int]:
    """Pillow's decoder alone, in one thread."""
    for path in paths:
        with Image.open(path) as image:
            image.load()
        yield 1


def plain_loop(paths: list[pathlib.Path]) -> Iterator[int]:
    """A loop in one thread: Pillow decodes and resizes."""
    for path in paths:
        with Image.open(path) as image:
            np.asarray(image.convert("RGB").resize(SIZE, Image.Resampling.BILINEAR), np.float32)
        yield 1


def ours(folder: pathlib.Path) -> Iterator[int]:
    """`image_dataset_from_directory`."""
    for images, _ in image_dataset_from_directory(folder, image_size=SIZE, verbose=False):
        yield len(images)


def torch_loader(paths: list[pathlib.Path]) -> Callable[[], Iterator[int]] | None:
    """PyTorch's DataLoader with two worker processes, as torchvision reads folders; None if it is not installed."""
    try:
        import torch
    except ImportError:
        return None

    class Images(torch.utils.data.Dataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return len(paths)

        def __getitem__(self, i: int) -> Any:
            with Image.open(paths[i]) as image:
                pixels = np.asarray(image.convert("RGB").resize(SIZE, Image.Resampling.BILINEAR))
            return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255

    def batches() -> Iterator[int]:
        for images in torch.utils.data.DataLoader(Images(), batch_size=32, shuffle=True, num_workers=2):
            yield len(images)

    return batches


def rows() -> Iterator[int]:
    """60,000 rows of MNIST's size: shuffled and batched by row numbers."""
    for x in Dataset.from_tensor_slices(_ROWS).shuffle(len(_ROWS)).batch(64):
        yield len(x)


_ROWS = np.zeros((60_000, 28, 28), np.float32)


def rate(make: Callable[[], Iterator[int]], expected: int, repeats: int) -> float:
    """Items per second of the fastest pass. Raises AssertionError unless a pass delivers all of them."""

    def one_pass() -> None:
        assert sum(make()) == expected

    return expected / shortest(one_pass, repeats)


def main() -> None:
    """Prints one line per way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        paths = make_folder(folder, asked.images)
        ways: list[tuple[str, Any]] = [
            ("Pillow decodes, one thread", lambda: decoded(paths)),
            ("loop: Pillow decodes and resizes", lambda: plain_loop(paths)),
            ("PyTorch DataLoader, 2 workers", torch_loader(paths)),
            ("image_dataset_from_directory", lambda: ours(folder)),
        ]
        for label, make in ways:
            found = "not installed" if make is None else f"{rate(make, asked.images, asked.repeats):,.0f} images/s"
            print(f"{label:36} {found}")
    print(f"{'from_tensor_slices.shuffle.batch(64)':36} {rate(rows, len(_ROWS), asked.repeats):,.0f} rows/s")


if __name__ == "__main__":
    main()
