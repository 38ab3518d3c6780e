"""What a layer asks of images, sequences and volumes: axes by name, and the mistakes that are usual with them."""

from __future__ import annotations

from .input_spec import InputSpec

SPATIAL = {1: ("steps",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class ImageSpec(InputSpec):
    """Batch, `rank` spatial axes, and channels last or first.

    Args:
        rank: 1, 2 or 3.
        data_format: "channels_last" or "channels_first".
        channels: how many, once they are known; `reason` says why.

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
            return f"One channel (grey images) needs an axis all the same: {grey}; so does a batch of one: x[None]."
        other = 1 if self.channel_axis == -1 else -1
        if len(shape) == self.ndim and self.channels is not None and shape[other] == self.channels:
            move, name = ("1, -1", "first") if other == 1 else ("-1, 1", "last")
            return (
                f"Axis {other} has {self.channels}: are the channels {name}? np.moveaxis(x, {move}) moves them, or say "
                f'data_format="channels_{name}".'
            )
        return ""
