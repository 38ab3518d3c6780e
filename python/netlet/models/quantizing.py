"""The part of Model that is about quantization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netlet.layers.base.quantization.adopting import one_at_a_time
from netlet.optimizers.base.segment import release

if TYPE_CHECKING:
    from netlet.quantizers.report import QuantizationReport


class QuantizedModel:
    """The part of Model with `quantize` and `quantization_report`. Only `Model` uses it, as a base class."""

    # Set by the classes that this one is mixed into.
    name: str
    optimizer: Any
    variables: list[Any]
    _flatten_layers: Any
    _compile_config: dict[str, Any]

    def _forget_recorded_steps(self) -> None:
        raise NotImplementedError

    def quantize(
        self,
        mode: str | None = None,
        config: Any = None,
        filters: Any = None,
        only_if_faster: bool = True,
        **kwargs: Any,
    ) -> None:
        """Quantizes the layers of the trained model to 8 or 4 bits, in place. If it raises, the model does not change.

        Batch normalizations are folded into the products before them. Layers without an 8-bit form stay float. A
        compiled model gets a new optimizer, since the old one has the float weights.

        Args:
            mode: "int8", "int4" (weights only), or None (the default) for that of `config`, "int8" without one.
            config: a `quantizers.Int8Config` or `quantizers.Int4Config`; None (the default) for that of the mode. In
                the mode "int8": weights and activations in 8 bits, with one scale for each row of activations.
            filters: which layers are quantized: a regular expression that is searched for in their names, a list of
                them, one of which must be found, or a function of the layer; None (the default): all.
            only_if_faster: whether each layer is timed with floats and with codes on this machine, for a batch of 32,
                and stays float if codes are not faster (the default). It takes some hundredths of a second a layer.
                False: all are quantized. Layers of which only weights become codes are not timed, nor those of a model
                that has trained with codes (`quantizers.quantize_aware`): they all become quantized layers.
            **kwargs: `type_check`, which Keras has: only True.

        Raises:
            ValueError: the model is not built, or is on a GPU; a layer is quantized already; an unknown mode; NaN or
                infinite weights; static activations with calibration data that are missing, empty, not finite or of a
                wrong shape.
            TypeError: an unknown argument; a config that is none.

        Source: Keras 3 `Model.quantize`; Jacob et al., "Quantization and training of neural networks for efficient
        integer-arithmetic-only inference", 2018.

        Example:

        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2, name="out")])
        >>> model.quantize("int8", only_if_faster=False)
        >>> model.layers[0].kernel.dtype
        'int8'
        """
        # Most programs quantize nothing, so these are not imported with Model.
        from netlet.quantizers.quantize import quantize_model
        from netlet.quantizers.report import with_earlier
        from netlet.quantizers.timing import slower

        mode = "int8" if mode is None and config is None else mode
        if not kwargs.pop("type_check", True):
            raise NotImplementedError(f"Model '{self.name}'.quantize: expected type_check=True, received False.")
        if kwargs:
            raise TypeError(f"Model '{self.name}'.quantize: unexpected arguments {sorted(kwargs)}.")
        place = self.device  # type: ignore[attr-defined]  # of another base of Model
        if place != "cpu:0":
            raise ValueError(
                f"Model '{self.name}'.quantize: expected a model on the CPU, where layers of codes compute, received "
                f'one on {place}. Call model.to("cpu") first.'
            )
        with one_at_a_time, self._exclusive.turn():  # type: ignore[attr-defined]
            self._exclusive.check("quantize")  # type: ignore[attr-defined]
            used = self.optimizer is not None and self.optimizer.built
            # Before anything changes, since it may raise.
            fresh = type(self.optimizer).from_config(self.optimizer.get_config()) if used else None
            records = quantize_model(self, mode, config, filters, slower if only_if_faster else None)
            self._quantization_records = with_earlier(self, records, self.__dict__.get("_quantization_records"))
            for model in self._flatten_layers():
                if isinstance(model, QuantizedModel):
                    model._forget_recorded_steps()
            if fresh is not None:
                self.optimizer = self._compile_config["optimizer"] = fresh
                release(self.variables)

    def quantization_report(self) -> QuantizationReport:
        """What `quantize` did with each layer that has weights.

        Returns:
            A list of named tuples: layer, done (what was done, or why not), bytes_before, bytes_after, scale, snr_db,
            saturated, seconds_before, seconds_after; see `quantizers.LayerReport`. Its `str()` is a table with units.

        Raises:
            ValueError: the model is not quantized.

        Example:

        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((256,)), netlet.layers.Dense(128, name="out")])
        >>> model.quantize("int8", only_if_faster=False)
        >>> [row] = model.quantization_report()
        >>> row.layer, row.done, row.bytes_before, row.bytes_after
        ('out', 'int8, dynamic', 131584, 33792)
        """
        from netlet.quantizers.report import report_of

        return report_of(self)
