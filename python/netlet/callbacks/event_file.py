"""EventFile: writes what TensorBoard shows (numbers, histograms, images, texts, a model's graph) to an event file."""

from __future__ import annotations

import io
import sys
import time
from types import ModuleType
from typing import Any

import numpy as np

from netlet.base.extras import needs


class EventFile:
    """Writes summaries to a new event file in a folder. Needs `pip install 'netlet[tensorboard]'`.

    Args:
        folder: path of the folder; made when the first summary is written.

    Raises:
        ImportError: the package tensorboard is not installed.
    """

    def __init__(self, folder: str) -> None:
        _package()
        self.folder = folder
        self._writer: Any = None

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
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Closes the file; a later summary begins a new one."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _tensor(self, tag: str, value: np.ndarray, metadata: Any, step: int) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.util.tensor_util import make_tensor_proto

        proto = make_tensor_proto(value)
        self._write(Summary(value=[Summary.Value(tag=tag, tensor=proto, metadata=metadata)]), step)

    def _write(self, summary: Any, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        if self._writer is None:
            self._writer = EventFileWriter(self.folder)
        self._writer.add_event(Event(wall_time=time.time(), step=int(step), summary=summary))


def _package() -> None:
    """Imports tensorboard. The ImportError says how to install it."""
    needs("tensorboard", "tensorboard", "callbacks.TensorBoard")
    if not hasattr(sys.modules.get("tensorflow"), "io"):
        # Tensorboard imports TensorFlow if it can, which takes seconds, or netlet.compat's module in its place. It uses
        # code of its own if there is a module of this name.
        sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
