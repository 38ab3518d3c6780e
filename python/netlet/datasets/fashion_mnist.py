"""Fashion-MNIST: images of clothing, 28 x 28 grey pixels, 60,000 for training and 10,000 for testing."""

from __future__ import annotations

from typing import Any

from . import digit_files
from .digit_files import NAMES, Split
from .source import RemoteFile, cached, given

CLASSES = "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot".split(", ")
_PINNED = (  # SHA-256 and size of the publisher's files, in the order of NAMES
    ("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 26_421_880),
    ("a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", 29_515),
    ("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 4_422_102),
    ("67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", 5_148),
)
FILES = [
    RemoteFile(
        name=f"fashion-mnist/{name}.gz",
        url=f"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/{name}.gz",
        sha256=sha256,
        size=size,
    )
    for name, (sha256, size) in zip(NAMES, _PINNED)
]


def load_data(path: Any = None) -> tuple[Split, Split]:
    """Loads Fashion-MNIST.

    Args:
        path: a folder with the four IDX files, gzipped or not. Default None for the cache folder (`$NETLET_DATASETS`),
            into which missing files are downloaded.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x (N, 28, 28) uint8 in 0..255, y (N,) uint8 in 0..9, whose names are in
        `CLASSES`.

    Raises:
        ValueError: a damaged file, or one that is not of Fashion-MNIST.
        FileNotFoundError: the folder does not exist, or files are missing.
        ConnectionError: the file is missing and cannot be downloaded.
        ImportError: the file is missing and pooch, which downloads it, is not installed. Both messages say how to
            provide the file without a download.

    Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST", 2017 (MIT license), from its publishers.

    Example, with local files in the publisher's format (magic number, sizes, bytes):

    >>> import pathlib, struct, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in NAMES:
    ...     magic, sizes = (2051, (2, 28, 28)) if "images" in name else (2049, (2,))
    ...     head = struct.pack(f">{1 + len(sizes)}i", magic, *sizes)
    ...     _ = (folder / name).write_bytes(head + bytes(2 * 28 * 28 if "images" in name else [9, 0]))
    >>> (x_train, y_train), _ = load_data(folder)
    >>> x_train.shape, [CLASSES[i] for i in y_train]
    ((2, 28, 28), ['Ankle boot', 'T-shirt/top'])
    """
    if path is None:
        return digit_files.read([cached(file) for file in FILES])
    return digit_files.read(digit_files.in_folder(given(path)))
