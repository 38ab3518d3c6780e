"""ExportedModel: the method of models that writes them for other programs."""

from __future__ import annotations

from typing import Any

from netlet.base.exclusive import alone
from netlet.export import export_model


class ExportedModel:
    """The part of Model with `export`. Only `Model` uses it, as a base class."""

    @alone
    def export(
        self,
        filepath: Any,
        format: str = "onnx",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Writes the model for inference to a file that other programs read. Keras 3 has the same method.

        Args:
            filepath: str or path of the file; an existing one is replaced.
            format: "onnx", which is the only one; "onnx" by default.
            verbose: whether to print where the file is; None (the default): no.
            input_signature: structure of InputSpecs, symbolic tensors or arrays with the inputs' shapes and dtypes;
                None (the default): those of the model.
            **kwargs: `opset_version`: version of ONNX's standard operators, at least 21; None (the default): 21.
                `quantized`: how the layers of a quantized model are written: "qdq" (the default), QuantizeLinear and
                DequantizeLinear around float operators; "qoperator", integer operators.

        Raises:
            ImportError: onnx is not installed.
            NotImplementedError: layers that have no ONNX form; the message lists all of them.
            ValueError: another format; a model that is not built; bad arguments; a model above 2 GiB.

        Example:

        >>> import os, tempfile
        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((4,), name="x"), netlet.layers.Dense(2, name="y")])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.onnx")
        ...     model.export(path)
        ...     os.path.getsize(path) > 0
        True
        """
        export_model(self, filepath, format, verbose, input_signature, **kwargs)
