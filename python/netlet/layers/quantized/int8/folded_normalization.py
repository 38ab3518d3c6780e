"""FoldedNormalization: what remains of a batch normalization that is part of the product before it."""

from __future__ import annotations

from typing import Any

from ...normalization.batch_normalization import BatchNormalization


class FoldedNormalization(BatchNormalization):
    """Returns its input: the quantized layer before it has the weights of product and normalization.

    Args:
        *args, **kwargs: those of `BatchNormalization`, which are saved but not used.

    Source: Jacob et al., 2018, section 3.2.
    """

    made_by_quantize = True

    def build(self, input_shape: Any) -> None:
        self.gamma = self.beta = None

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        return inputs

    @classmethod
    def twin(cls, layer: Any) -> Any:
        """A built layer of this class with the config of a batch normalization."""
        twin = cls.from_config(layer.get_config())
        twin.build_from_config(layer.get_build_config())
        return twin
