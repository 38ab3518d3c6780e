"""Why Keras names are not in netlet: for the errors of missing names and for docs/reference/keras-compatibility.md.

One row: names without "keras." in front, where `*` stands for any text, and the reason. The first row that fits counts.
"""

from __future__ import annotations

import fnmatch

_QUANTIZED = "`Model.quantize` takes a `quantizers.Int8Config`"

LEFT_OUT: dict[str, str] = {
    "quantizers.*": _QUANTIZED,
    "dtype_policies.AWQ*": _QUANTIZED,
    "dtype_policies.GPTQ*": _QUANTIZED,
    "dtype_policies.Int4*": _QUANTIZED,
    "dtype_policies.Quantized*": _QUANTIZED,
    "export.*": "`Model.export` writes ONNX files; TensorFlow's formats need TensorFlow",
    "legacy*": "it reads objects of Keras 2",
    "optimizers.legacy*": "the optimizers of Keras 2; those of `optimizers` take their place",
    "utils.legacy*": "it reads objects of Keras 2",
    "callbacks.OrbaxCheckpoint": "Orbax belongs to JAX; use ModelCheckpoint or BackupAndRestore",
    "config.is_nnx_enabled": "NNX belongs to JAX",
    "config.set_backend": "netlet has one backend",
    "config.enable_unsafe_deserialization": "loading never runs code from a file",
    "distribution.DeviceMesh": "a process has one device; `distribution.DataParallel` divides batches among processes",
    "distribution.LayoutMap": "every process has the whole model: `distribution.DataParallel`",
    "distribution.ModelParallel": "every process has the whole model: `distribution.DataParallel`",
    "distribution.TensorLayout": "every process has the whole model: `distribution.DataParallel`",
    "distribution.distribute_tensor": "every process has the whole model: `distribution.DataParallel`",
    "layers.TFSMLayer": "it wraps a model of TensorFlow",
    "saving.KerasFileEditor": "load the model and use `get_weights` and `set_weights`",
    "ops.*eig": "its results are complex numbers, which netlet has not; `eigh` takes symmetric matrices",
    "ops.view_as_*": "netlet has no complex numbers",
    "ops.*polar": "netlet has no complex numbers",
}

DIFFERENT: dict[str, str] = {
    "Input": "takes no `sparse` or `ragged`",
    "KerasTensor": "takes no `sparse` or `ragged`",
    "config.backend": 'is "netlet"',
    "config.set_image_data_format": 'takes "channels_last" only',
    "distillation.LogitsDistillation": 'takes the softmax for "kl_divergence" as for `losses.KLDivergence()`',
    "layers.Lambda": "is saved by the name of its function; lambdas are not saved, since files hold no code",
    "models.load_model": "never runs code from a file; `safe_mode` makes no difference",
    "saving.load_model": "never runs code from a file; `safe_mode` makes no difference",
}
"""What differs in names that netlet has, for docs/reference/keras-compatibility.md."""


def reason_for(path: str) -> str | None:
    """The reason why a name is not there, or None.

    >>> reason_for("layers.TFSMLayer")
    'it wraps a model of TensorFlow'
    >>> reason_for("layers.Dense")
    """
    return next((why for names, why in LEFT_OUT.items() if fnmatch.fnmatchcase(path, names)), None)
