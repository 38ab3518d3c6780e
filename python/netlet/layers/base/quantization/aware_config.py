"""AwareConfig: how layers train with the 8-bit codes that they will compute with."""

from __future__ import annotations

from typing import Any, ClassVar

from .int8_config import Int8Config

RANGES = ("observed", "learned")
MOVING = ("minmax", "moving_average")  # observers whose range can follow the training batches


class AwareConfig(Int8Config):
    """How `quantizers.quantize_aware` lets layers train.

    Args:
        activations: "dynamic" (the default), "static" or None, as in `Int8Config`. "static" needs `calibration`, from
            which the first range of each layer's input is found. None: only the weights are codes.
        weights: "absmax" (the default): codes symmetric about 0. "zeropoint": codes over the weights' own range.
        per_channel: whether each output channel of a kernel has its own scale (True, the default), or all share one.
        calibration: for "static": typical inputs of the model, in any form that `predict` takes; None by default.
        observer: for "static": how the range of a layer's input follows from the observed values: "minmax" (the
            default), "moving_average", "percentile", "entropy" or "mse", as in `Int8Config`.
        ranges: for "static": how the range of a layer's input changes while training. "observed" (the default): with
            observer="moving_average" it moves a tenth of the way to each batch's smallest and largest value, with
            "minmax" it grows with them; with the other observers it stays. "learned": gradients change its scale
            (learned step size quantization; Esser et al., 2020).
        freeze_after: for "observed": number of training steps after which the range stays as it is; None (the default):
            it stays when `quantizers.freeze_ranges` is called.

    Raises:
        ValueError: an unknown value; `freeze_after` without observed ranges; learned ranges without static activations.

    Source: Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
    inference", 2018.

    >>> AwareConfig("static", observer="moving_average", freeze_after=100).get_config()["freeze_after"]
    100
    """

    mode = "int8_aware"
    _arguments: ClassVar[tuple[str, ...]] = (*Int8Config._arguments, "ranges", "freeze_after")

    def __init__(
        self,
        activations: str | None = "dynamic",
        weights: str = "absmax",
        per_channel: bool = True,
        calibration: Any = None,
        observer: str = "minmax",
        ranges: str = "observed",
        freeze_after: int | None = None,
    ) -> None:
        super().__init__(activations, weights, per_channel, calibration, observer)
        if ranges not in RANGES:
            raise ValueError(f"AwareConfig: expected `ranges` to be one of {RANGES}, received {ranges!r}.")
        if ranges == "learned" and activations != "static":
            raise ValueError(
                f'AwareConfig: expected ranges="learned" only with activations="static", received {activations!r}.'
            )
        if freeze_after is not None:
            if isinstance(freeze_after, bool) or not isinstance(freeze_after, int) or freeze_after < 0:
                raise ValueError(
                    f"AwareConfig: expected `freeze_after` to be a number of steps or None, received {freeze_after!r}."
                )
            if activations != "static" or ranges != "observed" or observer not in MOVING:
                raise ValueError(
                    'AwareConfig: expected `freeze_after` only with activations="static", ranges="observed" and one of '
                    f"the observers {MOVING}, received {freeze_after!r}."
                )
        self.ranges, self.freeze_after = ranges, freeze_after

    @property
    def scheme(self) -> str:
        """The classes to use: "int8_aware" if inputs become codes, "int8_aware_weights" if only weights do."""
        return "int8_aware_weights" if self.activations is None else "int8_aware"

    @classmethod
    def of(cls, config: Int8Config) -> Any:
        """The config with the same values, for training.

        Args:
            config: an `Int8Config`; an AwareConfig is returned unchanged.

        Returns:
            AwareConfig.
        """
        values = {**config.get_config(), "calibration": config.calibration}
        return config if isinstance(config, cls) else cls(**values)

    @property
    def trained(self) -> Int8Config:
        """The config of the integer layers that the trained layers become."""
        return Int8Config(self.activations, self.weights, self.per_channel, observer=self.observer)
