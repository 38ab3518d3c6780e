"""EventFile: writes what TensorBoard shows (numbers, histograms, images, texts, a model's graph) to an event file."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from netlet.base.extras import needs
from netlet.saving.atomic import naming

_numbers = itertools.count()  # of the files of this process


class EventFile:
    """Writes summaries to a new event file in a folder. Needs `pip install 'netlet[tensorboard]'`.

    Args:
        folder: path of the folder; made when the first summary is written.

    Every method that writes raises OSError if the file cannot be written; the next summary begins a new file.

    Raises:
        ImportError: the package tensorboard is not installed.
    """

    def __init__(self, folder: str) -> None:
        _package()
        self.folder = folder
        self._file: Any = None

    def scalar(self, tag: str, value: Any, step: int) -> None:
        """Writes a number."""
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        self._write(scalar_pb(tag, np.float32(value)), step)

    def histogram(self, tag: str, values: np.ndarray, step: int) -> None:
        """Writes the histogram of all elements of an array."""
        from tensorboard.plugins.histogram.summary_v2 import histogram_pb

        self._write(histogram_pb(tag, np.asarray(values, np.float64)), step)

    def text(self, tag: str, text: str, step: int) -> None:
        """Writes a text in Markdown."""
        from tensorboard.plugins.text.summary_v2 import text_pb

        self._write(text_pb(tag, text), step)

    def image(self, tag: str, image: np.ndarray, step: int) -> None:
        """Writes an image of shape (height, width), (height, width, 1), (height, width, 3) or (height, width, 4).

        Values in [0, 1] become 0 to 255; those outside are clipped. Needs Pillow, which the extra brings.
        """
        from PIL import Image
        from tensorboard.plugins.image.metadata import create_summary_metadata

        image = np.clip(np.asarray(image, np.float64) * 255 + 0.5, 0, 255).astype(np.uint8)
        image = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
        png = io.BytesIO()
        Image.fromarray(image).save(png, "png")
        height, width = image.shape[:2]
        parts = [str(width).encode(), str(height).encode(), png.getvalue()]
        self._tensor(tag, np.array(parts, object), create_summary_metadata(tag, ""), step)

    def model(self, tag: str, json_text: str, step: int) -> None:
        """Writes the architecture of a Sequential or functional model, as `model.to_json` gives it."""
        from tensorboard.compat.proto.summary_pb2 import SummaryMetadata

        metadata = SummaryMetadata()
        metadata.plugin_data.plugin_name = "graph_keras_model"
        metadata.plugin_data.content = b"1"
        self._tensor(tag, np.array(json_text.encode(), object), metadata, step)

    def flush(self) -> None:
        """Writes what is held back to the disk."""
        if self._file is not None:
            with self._failing_whole():
                self._file.flush()

    def close(self) -> None:
        """Closes the file; a later summary begins a new one."""
        if self._file is not None:
            with self._failing_whole():
                self._file.close()
            self._file = None

    def _tensor(self, tag: str, value: np.ndarray, metadata: Any, step: int) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.util.tensor_util import make_tensor_proto

        proto = make_tensor_proto(value)
        self._write(Summary(value=[Summary.Value(tag=tag, tensor=proto, metadata=metadata)]), step)

    def _write(self, summary: Any, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        if self._file is None:
            self._open()
        self._record(Event(wall_time=time.time(), step=int(step), summary=summary))

    def _open(self) -> None:
        """Begins a file, with a name as TensorBoard's own writer gives it."""
        import socket

        from tensorboard.compat.proto.event_pb2 import Event

        os.makedirs(self.folder, exist_ok=True)
        host, number = socket.gethostname(), next(_numbers)
        name = f"events.out.tfevents.{int(time.time()):010d}.{host}.{os.getpid()}.{number}"
        self._file = open(os.path.join(self.folder, name), "wb")  # noqa: SIM115 closed when training ends
        self._record(Event(wall_time=time.time(), file_version="brain.Event:2"))
        self.flush()

    def _record(self, event: Any) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        with self._failing_whole():
            RecordWriter(self._file).write(event.SerializeToString())

    @contextlib.contextmanager
    def _failing_whole(self) -> Iterator[None]:
        """Context manager: an OSError names the file and ends it, since readers stop at a record that is not whole."""
        try:
            with naming(self._file.name):
                yield
        except OSError:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):  # of what is still held back
                file.close()
            raise


def _package() -> None:
    """Imports tensorboard. The ImportError says how to install it."""
    needs("tensorboard", "tensorboard", "callbacks.TensorBoard")
    if not hasattr(sys.modules.get("tensorflow"), "io"):
        # Tensorboard imports TensorFlow if it can, which takes seconds, or netlet.compat's module in its place. It uses
        # code of its own if there is a module of this name.
        sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
