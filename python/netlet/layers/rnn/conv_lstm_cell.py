"""The cell of ConvLSTM1D, ConvLSTM2D and ConvLSTM3D."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.ops.nn.convolution import too_large
from netlet.ops.spatial.data_format import standardize
from netlet.ops.spatial.windows import Window, per_axis, standardize_padding

from ..base.arguments import positive
from ..base.input_spec import InputSpec
from ..convolutional.windowed import no_strides_with_dilation
from .gated import ForgetBias, GatedCell
from .lstm import lstm_state


class ConvLSTMCell(GatedCell):
    """One time step of a convolutional LSTM.

    x (B, spatial ..., C), states [h, c] of (B, out ..., filters) each -> h', [h', c'].

    Args:
        rank: the number of spatial axes, 1 to 3.
        filters, kernel_size, strides, padding, data_format, dilation_rate, unit_forget_bias: see `ConvLSTM2D`.
        **kwargs: the arguments of `GatedCell`.
    """

    _gates = 4

    def __init__(
        self,
        *,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        unit_forget_bias: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.implementation = 1  # each gate has its own dropout masks
        self.rank = rank
        name = f"ConvLSTM{rank}D"
        self.filters = positive(filters, name, "filters")
        self.kernel_size = per_axis(kernel_size, rank, f"{name}: `kernel_size`")
        self.strides = per_axis(strides, rank, f"{name}: `strides`")
        self.dilation_rate = per_axis(dilation_rate, rank, f"{name}: `dilation_rate`")
        self.padding = standardize_padding(padding, name)
        self.data_format = standardize(data_format)
        no_strides_with_dilation(self, name)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = -1  # the states are images; see get_initial_state

    # ---- building ----------------------------------------------------------------------------------------------------
    def build(self, inputs_shape: Any, states_shape: Any = None) -> None:
        spatial, channels = self._parts(inputs_shape)
        if None in spatial or not channels:
            raise ValueError(
                f"Layer '{self.name}' expected known spatial axes and channels, received steps of shape "
                f"{tuple(inputs_shape)}."
            )
        self.input_spec = InputSpec(shape=(None, *inputs_shape[1:]))
        self._state_shape = self.compute_output_shape(inputs_shape)[0][1:]
        n = 4 * self.filters
        other = {"initializer": ForgetBias(self.bias_initializer)} if self.unit_forget_bias else {}
        size = self.kernel_size
        self._add_weights((*size, channels, n), (*size, self.filters, n), (n,), **other)

    def _parts(self, shape: Any) -> tuple[tuple[Any, ...], Any]:
        """(spatial dimensions, channels) of the shape of a step."""
        last = self.data_format == "channels_last"
        return (tuple(shape[1:-1]), shape[-1]) if last else (tuple(shape[2:]), shape[1])

    def compute_output_shape(self, inputs_shape: Any, states_shape: Any = None) -> Any:
        spatial, _ = self._parts(inputs_shape)
        window = Window(self.kernel_size, self.strides, self.dilation_rate, self.padding)
        places = window.places(spatial)
        if any(n is not None and n < 1 for n in places):
            raise ValueError(f"Layer '{self.name}': {too_large(window, spatial)}. Use padding=\"same\".")
        last = self.data_format == "channels_last"
        shape = (inputs_shape[0], *((*places, self.filters) if last else (self.filters, *places)))
        return shape, [shape, shape]

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The states before the first step: zeros.

        Args:
            batch_size: number of sequences B.

        Returns:
            List [h, c] of tensors (B, out ..., filters) in the compute dtype. The cell must be built.
        """
        return [ops.zeros((batch_size, *self._state_shape), self._compute_dtype) for _ in range(2)]

    # ---- calling -----------------------------------------------------------------------------------------------------
    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        x = ops.cast_if_needed(inputs, self._compute_dtype)
        first = self.data_format == "channels_first"
        x, h, c = (ops.moveaxis(v, 1, -1) if first else v for v in (x, *states))
        z = self._product(x, self.kernel, self.input_masks(x.shape, training, 4), self._convolve)
        z = z if self.bias is None else ops.add(z, self.bias)
        masks = self.state_masks(h.shape, training, 4)
        z = ops.add(z, self._product(h, self.recurrent_kernel, masks, self._convolve_state))
        h, c = (ops.moveaxis(v, -1, 1) if first else v for v in lstm_state(self, z, c))
        return h, [h, c]

    def _convolve(self, x: Any, kernel: Any) -> Any:
        return ops.conv(x, kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)

    def _convolve_state(self, h: Any, kernel: Any) -> Any:
        return ops.conv(h, kernel, padding="same")

    def get_config(self) -> dict[str, Any]:
        names = (
            "rank",
            "filters",
            "kernel_size",
            "strides",
            "padding",
            "data_format",
            "dilation_rate",
            "unit_forget_bias",
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
