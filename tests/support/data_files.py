"""Small files in the formats of the data sets, and a local server that serves them."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.server
import io
import pathlib
import struct
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from netlet.datasets.source import RemoteFile

RNG = np.random.default_rng(0)


def digits(n: int) -> tuple[np.ndarray, np.ndarray]:
    return RNG.integers(0, 256, (n, 28, 28), np.uint8), RNG.integers(0, 10, n, np.uint8)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def cifar_records(n: int, labels: int = 1) -> tuple[np.ndarray, np.ndarray, bytes]:
    """(images (n, 32, 32, 3), labels (n, labels), the file's bytes)."""
    x, y = RNG.integers(0, 256, (n, 32, 32, 3), np.uint8), RNG.integers(0, 10, (n, labels), np.uint8)
    rows = [y[i].tobytes() + np.ascontiguousarray(x[i].transpose(2, 0, 1)).tobytes() for i in range(n)]
    return x, y, b"".join(rows)


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def digit_folder(folder: pathlib.Path, packed: bool = True) -> dict[str, np.ndarray]:
    """Writes the four files of MNIST's format to `folder`. Returns {name: array}."""
    arrays = {}
    for prefix, n in (("train", 5), ("t10k", 3)):
        arrays[f"{prefix}-images-idx3-ubyte"], arrays[f"{prefix}-labels-idx1-ubyte"] = digits(n)
    for name, array in arrays.items():
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    return arrays


class Server:
    """Serves `files` (name -> bytes) over HTTP; `asked` lists the requested names in order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    def holding(self, file: RemoteFile, data: bytes, sha256: str | None = None) -> RemoteFile:
        """A copy of `file` whose origin is this server and whose content is `data`."""
        name = file.url.rpartition("/")[2]
        self.files[name] = data
        digest = sha256 or hashlib.sha256(data).hexdigest()
        return replace(file, url=f"{self.url}/{name}", sha256=digest, size=len(data))


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            found.asked.append(name)
            data = found.files.get(name)
            self.send_response(404 if data is None else 200)
            self.end_headers()
            with contextlib.suppress(OSError):  # the client may have closed the connection; one test does so
                self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Server(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


def assert_equal(loaded, arrays):
    """Checks what `load_data` returns against the arrays x_train, y_train, x_test, y_test."""
    (x, y), (u, v) = loaded
    for a, b in zip((x, y, u, v), arrays, strict=True):
        assert a.dtype == b.dtype
        assert a.flags.c_contiguous
        np.testing.assert_array_equal(a, b)
