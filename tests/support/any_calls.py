"""The public functions of the package that take arrays, and valid calls of each.

tests/test_any_input.py generates its calls from them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import activations, initializers, losses, metrics, ops, random, utils
from support.op_cases import CASES, HEADS, A, B

GROUPS = {
    "ops": ops,
    "image": ops.image,
    "random": random,
    "losses": losses,
    "metrics": metrics,
    "activations": activations,
    "initializers": initializers,
    "utils": utils,
}
_CONTROL_FLOW = "functions and structures of arrays: tests/ops/test_control_flow.py"
# Functions whose arguments are not arrays but objects, names, files or state. The value says which, or names a test.
NOT_OF_ARRAYS = {
    "get": "names and objects: tests/saving",
    "serialize": "names and objects: tests/saving",
    "deserialize": "names and objects: tests/saving",
    "jvp": "of functions: tests/ops/test_linear_algebra.py",
    "custom_gradient": "of functions: tests/ops/test_custom_gradient.py",
    "is_tensor": "a question about anything",
    "vectorize": "a function: tests/ops/test_vectorize.py",
    "linear": "hands on what it gets, as in Keras",
    "fused": "an activation, not an array",
    "text_dataset_from_directory": "a folder: tests/test_text_files.py",
    "clear_session": "no argument",
    "set_random_seed": "changes the seed of everything",
    "set_seed": "changes the seed of everything",
    "get_state": "no argument",
    "set_state": "changes the seed of everything",
    "make_seed": "no argument",
    "seeded": "a context: tests/threads/test_many_models.py",
    "pack_x_y_sample_weight": "tuples of anything",
    "unpack_x_y_sample_weight": "tuples of anything",
    "make_seed_if_unset": "no argument",
    "generator": "of seeds",
    "drawing_at": "a place and a function: tests/data/test_threads.py",
    "concrete_noise_shape": "what layers.Dropout and random.dropout share",
    "masked_dropout": "what layers.Dropout and random.dropout share",
    "load_img": "a file: tests/test_images.py",
    "save_img": "a file: tests/test_images.py",
    "audio_dataset_from_directory": "a folder: tests/test_audio_files.py",
    "image_dataset_from_directory": "a folder: tests/test_images.py",
    "get_file": "a name and an address: tests/test_get_file.py",
    "model_to_dot": "a model: tests/test_model_plot.py",
    "plot_model": "a model: tests/test_model_plot.py",
    "enable_interactive_logging": "no argument, a switch: tests/test_config_random_utils.py",
    "disable_interactive_logging": "no argument, a switch: tests/test_config_random_utils.py",
    "is_interactive_logging_enabled": "no argument: tests/test_config_random_utils.py",
    "split_dataset": "samples in any structure, where a list is not an array: tests/test_split_dataset.py",
    "standardize_dtype": "a name: tests/test_config_random_utils.py",
    "is_keras_tensor": "a question about anything",
    "get_source_inputs": "a symbolic tensor: tests/test_operations.py",
    "cond": _CONTROL_FLOW,
    "switch": _CONTROL_FLOW,
    "while_loop": _CONTROL_FLOW,
    "fori_loop": _CONTROL_FLOW,
    "scan": _CONTROL_FLOW,
    "associative_scan": _CONTROL_FLOW,
    "map": _CONTROL_FLOW,
    "vectorized_map": _CONTROL_FLOW,
}


def public(group: str) -> dict[str, Callable[..., Any]]:
    """The functions of a group by name; for an initializer class, a function that makes an instance and calls it."""
    module = GROUPS[group]
    names = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
    found: dict[str, Callable[..., Any]] = {}
    for name in names:
        value = getattr(module, name)
        if inspect.isfunction(value) and value.__module__.startswith("netlet") and name not in NOT_OF_ARRAYS:
            homes = (module.__name__, "netlet.ops") if group == "activations" else (module.__name__,)
            if getattr(module, "__all__", None) or value.__module__.startswith(homes):
                found[name] = value
        elif group == "initializers" and inspect.isclass(value) and name[0].isupper() and name not in BASES_ONLY:
            found[name] = initializer(value)
    return found


BASES_ONLY = ("Initializer", "RandomInitializer")


def initializer(cls: type) -> Callable[..., Any]:
    def draw(shape: Any, dtype: Any = None) -> Any:
        return (cls(seed=1) if "seed" in inspect.signature(cls).parameters else cls())(shape, dtype)

    return draw


# ---- a valid call of each --------------------------------------------------------------------------------------------
T = np.eye(4)[[0, 2, 1]]
LABELS = np.array([0, 2, 1])
SERIES = np.random.default_rng(1).uniform(0.1, 0.9, (2, 5, 3))
IMAGE = np.random.default_rng(5).uniform(0.0, 255.0, (4, 5, 3))
KERNEL = np.random.default_rng(2).uniform(-0.5, 0.5, (3, 16))
RECURRENT = np.random.default_rng(3).uniform(-0.5, 0.5, (4, 16))
Q, SCALE, ZERO = ops.quantize_zeropoint(A, axis=1)
# Arguments by the names of the parameters without a default.
BY_PARAMETERS: dict[tuple[str, ...], tuple[Any, ...]] = {
    ("x",): (A,),
    ("x1", "x2"): (A, B),
    ("inputs",): (A,),
    ("variable",): (A,),
    ("shape",): ((3, 4),),
    ("y_true", "y_pred"): (T, A),
    ("x", "dtype"): (A, "float32"),
    ("x", "threshold", "default_value"): (A, 0.5, 0.0),
    ("inputs", "rate"): (A, 0.5),
    ("N",): (3,),
}
# Calls by function name, where the parameters do not determine them. A name means the same in every group.
CORNERS = np.array([[0, 0], [3, 0], [0, 3], [3, 3]], "float32")
BY_NAME: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "arange": [((0, 5, 2), {})],
    "linspace": [((0.0, 1.0, 5), {})],
    "matrix_power": [((np.eye(3) + 0.5, 2), {})],
    "full": [(((2, 3), 1.5), {})],
    "full_like": [((A, 1.5), {})],
    "getitem": [((A, (slice(0, 2), 1)), {}), ((A, np.array([0, 2])), {})],
    "attention": [((HEADS, HEADS, HEADS), {"mask": np.ones((2, 1, 5, 5), bool)})],
    "batch_normalization": [((A, B[0], B[1], 1), {"offset": B[2], "scale": B[1]})],
    "argpartition": [((A, 1), {})],
    "bincount": [((np.array([1, 0, 3]),), {}), ((np.array([1, 0, 3]),), {"weights": A[0, :3]})],
    "dense": [((A, B.T), {"bias": A[:, 0]})],
    "depthwise_conv": [((SERIES, np.ones((2, 3, 1))), {"bias": A[0, :3]})],
    "conv": [((SERIES, np.ones((2, 3, 2))), {"bias": A[0, :2]})],
    "conv_transpose": [((SERIES, np.ones((2, 2, 3))), {"bias": A[0, :2]})],
    "dequantize_absmax": [((Q, SCALE), {})],
    "dequantize_zeropoint": [((Q, SCALE, ZERO), {})],
    "einsum": [(("ij,kj->ik", A, B), {})],
    "simple_rnn": [((SERIES, KERNEL[:, :4], RECURRENT[:, :4]), {"bias": KERNEL[0, :4]})],
    "lstm": [((SERIES, KERNEL, RECURRENT), {"bias": KERNEL[0]})],
    "gru": [((SERIES, KERNEL[:, :12], RECURRENT[:, :12]), {"bias": np.ones((2, 12))})],
    "lstm_step": [((A[:, :3], B, B, KERNEL, RECURRENT), {"bias": KERNEL[0]})],
    "meshgrid": [((A[0], B[1]), {})],
    "separable_conv": [((SERIES, np.ones((2, 3, 1)), np.ones((1, 3, 2))), {})],
    "affine_transform": [((np.ones((2, 4, 4, 3)), np.eye(3).reshape(1, 9)[:, :8].repeat(2, 0)), {})],
    "resize": [((np.ones((2, 4, 4, 3)), (2, 3)), {})],
    "gaussian_blur": [((np.ones((2, 4, 4, 3)),), {})],
    "extract_patches": [((np.ones((2, 4, 4, 3)), 2), {})],
    "extract_patches_3d": [((np.ones((2, 4, 4, 4, 3)), 2), {})],
    "pad_images": [((np.ones((2, 4, 4, 3)), 1, 1, 1, 1), {})],
    "crop_images": [((np.ones((2, 4, 4, 3)), 1, 1, 1, 1), {})],
    "map_coordinates": [((A, np.ones((2, 3)), 1), {})],
    "perspective_transform": [((np.ones((2, 4, 4, 3)), CORNERS, CORNERS), {})],
    "elastic_transform": [((np.ones((2, 4, 4, 3)),), {"seed": 1})],
    "scale_and_translate": [((A, (3, 8), np.array([2.0]), np.array([0.0]), (1,), "linear"), {})],
    "sobel_edges": [((np.ones((2, 4, 4, 3)),), {})],
    "ssim": [((np.ones((2, 12, 12, 1)), np.ones((2, 12, 12, 1))), {})],
    "depth_to_space": [((np.ones((2, 2, 2, 4)), 2), {})],
    "space_to_depth": [((np.ones((2, 2, 2, 4)), 2), {})],
    "unfold": [((np.ones((2, 3, 4, 4)), 2), {})],
    "fold": [((np.ones((2, 4, 9)), (4, 4), 2), {})],
    "psnr": [((A, B, 1.0), {})],
    "hsv_to_rgb": [((np.full((2, 4, 4, 3), 0.5),), {})],
    "rgb_to_grayscale": [((np.full((2, 4, 4, 3), 0.5),), {})],
    "rgb_to_hsv": [((np.full((2, 4, 4, 3), 0.5),), {})],
    "categorical": [((A, 2), {})],
    "randint": [(((3, 4), 0, 5), {"seed": 1})],
    "sparse_categorical_crossentropy": [((LABELS, A), {})],
    "circle": [((LABELS, A), {"gamma": 2.0})],
    "categorical_generalized_cross_entropy": [((LABELS, A, 0.5), {})],
    "sparse_categorical_accuracy": [((LABELS, A), {})],
    "sparse_top_k_categorical_accuracy": [((LABELS, A), {"k": 2})],
    "top_k_categorical_accuracy": [((T, A), {"k": 2})],
    "ctc": [((np.array([[1, 2], [3, 2]]), np.random.default_rng(4).uniform(0.1, 0.9, (2, 6, 4))), {})],
    **{name: [((5,), {})] for name in ("bartlett", "blackman", "hamming", "hanning")},
    "kaiser": [((5, 8.6), {})],
    # Without NaN and infinities, which no array of integers holds.
    **{f"nan{name}": [((A,), {"axis": 1})] for name in "argmax argmin cumprod cumsum".split()},
    **{
        f"nan{name}": [((A,), {"axis": 1, "keepdims": True})] for name in "sum prod mean var std max min median".split()
    },
    **{name: [((A, B[0]), {"axis": 1, "keepdims": True})] for name in ("nanquantile", "quantile")},
    **{name: [((A, 100 * B[0]), {"axis": 1, "keepdims": True})] for name in ("nanpercentile", "percentile")},
    "nan_to_num": [((A,), {"nan": 1.0, "posinf": 2.0, "neginf": -2.0})],
    "angle": [((A,), {})],
    "saturate_cast": [((A * 300, "uint8"), {})],
    "identity": [((3,), {})],
    "geomspace": [((1.0, 9.0, 3), {})],
    "logspace": [((0.0, 1.0, 3), {})],
    "select": [(([A > 0.5, A > 0.2], [A, B]), {})],
    "get_item": [((A, (slice(0, 2), 1)), {})],
    "unique": [((LABELS,), {"return_counts": True}), ((LABELS,), {"size": 2})],
    **{name: [(((4, 1, 3),), {})] for name in ("STFT", "STFTInitializer")},
    "compute_fans": [(((3, 4),), {})],
    "pad_sequences": [(([[1, 2], [3]],), {})],
    "sample_from_logits": [((A,), {"seed": 1})],
    "timeseries_dataset_from_array": [((A, B[:, 0], 2), {})],
    "to_categorical": [((LABELS,), {})],
    "Identity": [(((4, 4),), {})],
    "array_to_img": [((IMAGE,), {})],
    "img_to_array": [((IMAGE,), {}), ((IMAGE[..., 0],), {})],
    "beta": [(((3, 4), B[0], B[1]), {})],
    "gamma": [(((3, 4), B[0]), {})],
    "binomial": [(((3, 3), LABELS, B[0, :3] / 8), {})],
}


def calls(name: str, function: Callable[..., Any]) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Valid calls of a function.

    Raises:
        KeyError: no table here says how to call it.
    """
    if name in BY_NAME:
        return BY_NAME[name]
    if cases := {frozenset(kwargs): (args, kwargs) for n, args, kwargs in CASES if n == name}:
        return list(cases.values())
    required = tuple(
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind is not p.VAR_KEYWORD
    )
    return [(BY_PARAMETERS[required], {})]
