"""Int8Config: layers that compute with 8-bit codes, or store their weights in 8 bits."""

from __future__ import annotations

from typing import Any, ClassVar

from .quantization_config import QuantizationConfig

ACTIVATIONS = ("dynamic", "static", None)
WEIGHTS = ("absmax", "zeropoint")
OBSERVERS = ("minmax", "moving_average", "percentile", "entropy", "mse")


class Int8Config(QuantizationConfig):
    """How `quantize` turns layers into 8-bit ones.

    Args:
        activations: how the inputs of a layer become codes. "dynamic" (the default): each row (dense layers) or each
            image (convolutions) has a scale and a zero point, computed in each call, so that a prediction does not
            depend on its batch. "static": a layer has one scale and one zero point, found from `calibration`. It is
            faster. None: inputs stay float, and only the weights are stored in 8 bits.
        weights: "absmax" (the default): codes symmetric about 0. "zeropoint": codes over the weights' own range.
        per_channel: whether each output channel of a kernel has its own scale (the default), or all share one.
        calibration: for "static": typical inputs of the model, in any form that `predict` takes; for `Layer.quantize`,
            an array of inputs of the layer. A few hundred rows are usual. Layers do not store it. None by default.
        observer: for "static": how the range of a layer's input follows from the observed values. "minmax" (the
            default): smallest and largest. "moving_average": of the smallest and largest of each batch.
            "percentile": without the 0.01 % farthest out on either side. "entropy": the range whose codes lose the
            least information (Kullback-Leibler divergence, as in TensorRT). "mse": the range with the smallest mean
            squared error of the codes.

    Attributes:
        mode: "int8".
        scheme: "int8" if inputs become codes, "int8_weights" if only weights are stored in 8 bits.

    Raises:
        ValueError: an unknown value; calibration data without activations="static".

    >>> Int8Config(activations="static", observer="mse").get_config()["observer"]
    'mse'
    """

    mode = "int8"
    _arguments: ClassVar[tuple[str, ...]] = ("activations", "weights", "per_channel", "observer")

    def __init__(
        self,
        activations: str | None = "dynamic",
        weights: str = "absmax",
        per_channel: bool = True,
        calibration: Any = None,
        observer: str = "minmax",
    ) -> None:
        for name, value, allowed in (
            ("activations", activations, ACTIVATIONS),
            ("weights", weights, WEIGHTS),
            ("observer", observer, OBSERVERS),
        ):
            if not (value is None or isinstance(value, str)) or value not in allowed:
                raise ValueError(f"Int8Config: expected `{name}` to be one of {allowed}, received {value!r}.")
        if not isinstance(per_channel, bool):
            raise ValueError(f"Int8Config: expected `per_channel` to be True or False, received {per_channel!r}.")
        if calibration is not None and activations != "static":
            raise ValueError(
                f'Int8Config: expected `calibration` only with activations="static", received {activations!r}.'
            )
        self.activations, self.weights, self.per_channel = activations, weights, per_channel
        self.calibration, self.observer = calibration, observer

    @property
    def scheme(self) -> str:
        """The column of the table of quantized classes that this config uses."""
        return "int8_weights" if self.activations is None else "int8"
