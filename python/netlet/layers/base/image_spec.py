"""ImageSpec: the expected rank and channels of images, sequences and volumes, with hints for common mistakes."""

from __future__ import annotations

from .input_spec import InputSpec

SPATIAL = {1: ("steps",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class ImageSpec(InputSpec):
    """Input requirement for a batch with `rank` spatial axes and a channels axis, last or first.

    Args:
        rank: 1, 2 or 3.
        data_format: "channels_last" or "channels_first".
        channels: number of channels; None (the default) accepts any.
        reason: explanation added to the error, e.g. "its kernel is (3, 3, 1, 32)"; "" by default.

    Example:

    >>> ImageSpec(2, "channels_last").mismatch((60000, 28, 28), "float32")
    'inputs of rank 4, (batch, height, width, channels)'
    """

    def __init__(self, rank: int, data_format: str, channels: int | None = None, reason: str = "") -> None:
        self.channel_axis = -1 if data_format == "channels_last" else 1
        super().__init__(ndim=rank + 2, axes={self.channel_axis: channels}, reason=reason)
        self.channels = channels
        spatial = ", ".join(SPATIAL[rank])
        self.names = f"(batch, {spatial}, channels)" if self.channel_axis == -1 else f"(batch, channels, {spatial})"

    def mismatch(self, shape: tuple[int | None, ...], dtype: str) -> str | None:
        expected = super().mismatch(shape, dtype)
        if expected is None:
            return None
        return f"inputs of rank {self.ndim}, {self.names}" if len(shape) != self.ndim else f"{expected}, the channels"

    def hint(self, shape: tuple[int | None, ...]) -> str:
        if self.ndim is not None and len(shape) == self.ndim - 1:
            grey = "x[..., None]" if self.channel_axis == -1 else "x[:, None]"
            return f"Add a channel axis to grey images with {grey}, or a batch axis to a single image with x[None]."
        other = 1 if self.channel_axis == -1 else -1
        if len(shape) == self.ndim and self.channels is not None and shape[other] == self.channels:
            move, name = ("1, -1", "first") if other == 1 else ("-1, 1", "last")
            return (
                f"Axis {other} has {self.channels}: are the channels {name}? Move them with np.moveaxis(x, {move}), or "
                f'pass data_format="channels_{name}".'
            )
        return ""
