"""The part of Model that is about quantization."""

from __future__ import annotations

from typing import Any

from netlet.quantizers.quantize import quantize_model


class QuantizedModel:
    """The part of Model with `quantize`. Only `Model` uses it, as a base class."""

    # Set by the classes that this one is mixed into.
    name: str
    optimizer: Any
    _compile_config: dict[str, Any]

    def _forget_recorded_steps(self) -> None:
        raise NotImplementedError

    def quantize(self, mode: str | None = "int8", config: Any = None, filters: Any = None, **kwargs: Any) -> None:
        """Quantizes the layers of the trained model to 8 bits, in place. If it raises, the model does not change.

        Batch normalizations are folded into the products before them. Layers without an 8-bit form stay float. A
        compiled model gets a new optimizer, since the old one has the float weights.

        Args:
            mode: "int8" (the default); None for that of `config`.
            config: a `quantizers.Int8Config`; None (the default): weights and activations in 8 bits, with one scale
                for each row of activations.
            filters: which layers are quantized: a regular expression that is searched for in their names, a list of
                them, one of which must be found, or a function of the layer; None (the default): all.
            **kwargs: `type_check`, which Keras has: only True.

        Raises:
            ValueError: the model is not built; a layer is quantized already; an unknown mode; NaN or infinite weights;
                static activations with calibration data that are missing, empty, not finite or of a wrong shape.
            TypeError: an unknown argument; a config that is none.

        Source: Keras 3 `Model.quantize`; Jacob et al., "Quantization and training of neural networks for efficient
        integer-arithmetic-only inference", 2018.

        Example:

        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2, name="out")])
        >>> model.quantize("int8")
        >>> model.layers[0].kernel.dtype
        'int8'
        """
        if not kwargs.pop("type_check", True):
            raise NotImplementedError(f"Model '{self.name}'.quantize: expected type_check=True, received False.")
        if kwargs:
            raise TypeError(f"Model '{self.name}'.quantize: unexpected arguments {sorted(kwargs)}.")
        self._quantization_records = quantize_model(self, mode, config, filters)
        self._forget_recorded_steps()
        if self.optimizer is not None and self.optimizer.built:
            fresh = type(self.optimizer).from_config(self.optimizer.get_config())
            self.optimizer = self._compile_config["optimizer"] = fresh
