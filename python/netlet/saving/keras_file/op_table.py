"""Keras's classes of ops: in which module each is, and which arguments of the op are arguments of its call.

A saved graph of Keras names the class of an op. The other arguments of the op are its config. Source: Keras 3.15,
`keras/src/ops/*.py`; a test compares this table with the installed Keras.
"""

from __future__ import annotations

from typing import NamedTuple

# (module, arguments of the call) -> ops. Ops that take or return functions are left out: a file holds no code.
_OPS = {
    ("core", "indices values"): "scatter",
    ("core", "inputs indices updates"): "scatter_update",
    ("core", "inputs start_indices"): "slice",
    ("core", "inputs start_indices updates"): "slice_update",
    ("core", "variable"): "stop_gradient",
    ("core", "x"): "cast saturate_cast unstack",
    ("einops", "tensor pattern axes_lengths"): "rearrange",
    ("image", "image1 image2"): "ssim",
    ("image", "images"): (
        "crop_images elastic_transform extract_patches gaussian_blur hsv_to_rgb pad_images resize rgb_to_grayscale "
        "rgb_to_hsv sobel_edges"
    ),
    ("image", "images output_shape scale translation"): "scale_and_translate",
    ("image", "images start_points end_points"): "perspective_transform",
    ("image", "images transform"): "affine_transform",
    ("image", "inputs coordinates"): "map_coordinates",
    ("linalg", "a b"): "lstsq solve solve_triangular",
    ("linalg", "x"): "cholesky cholesky_inverse det eig eigh inv lu_factor matrix_rank norm pinv qr svd",
    ("math", "data segment_ids"): "segment_max segment_min segment_prod segment_sum",
    ("math", "targets predictions"): "in_top_k",
    ("math", "x"): (
        "erf erfc erfinv extract_sequences fft fft2 ifft2 irfft istft logdet logsumexp rfft rsqrt stft top_k "
        "view_as_complex view_as_real"
    ),
    ("math", "x y"): "cdist",
    ("nn", "abs_ angle"): "polar",
    ("nn", "inputs"): "adaptive_average_pool adaptive_max_pool average_pool max_pool multi_hot",
    ("nn", "inputs depthwise_kernel pointwise_kernel"): "separable_conv",
    ("nn", "inputs kernel"): "conv conv_transpose depthwise_conv",
    ("nn", "inputs sequence_lengths"): "ctc_decode",
    ("nn", "query key value bias mask scale"): "dot_product_attention",
    ("nn", "target output"): "binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy",
    ("nn", "target output target_length output_length"): "ctc_loss",
    ("nn", "x"): (
        "celu depth_to_space elu fold gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid "
        "log_softmax moments normalize one_hot relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign "
        "space_to_depth sparse_plus sparse_sigmoid sparsemax squareplus tanh_shrink threshold unfold"
    ),
    ("nn", "x gamma beta"): "layer_normalization",
    ("nn", "x mean variance offset scale"): "batch_normalization",
    ("nn", "x scale"): "rms_normalization",
    ("nn", "x1 x2"): "psnr",
    ("numpy", "a"): "diff",
    ("numpy", "array"): "rot90",
    ("numpy", "condition x1 x2"): "where",
    ("numpy", "condlist choicelist default"): "select",
    ("numpy", "fill_value"): "full",
    ("numpy", "indices"): "unravel_index",
    ("numpy", "operands"): "einsum",
    ("numpy", "sorted_sequence values"): "searchsorted",
    ("numpy", "start stop"): "geomspace linspace logspace",
    ("numpy", "start stop step"): "arange",
    ("numpy", "x"): (
        "absolute abs all amax amin angle any arccos arccosh arcsin arcsinh arctan arctanh argmax argmin argpartition "
        "argsort array array_split bartlett bincount blackman bitwise_invert bitwise_not broadcast_to cbrt ceil clip "
        "conj conjugate copy corrcoef cos cosh count_nonzero cumprod cumsum deg2rad diag diagflat diagonal dsplit "
        "empty_like exp exp2 expand_dims expm1 fabs flip fliplr flipud floor hamming hanning histogram hsplit i0 imag "
        "isfinite isinf isnan isneginf isposinf isreal kaiser log log10 log1p log2 logical_not max mean median "
        "meshgrid min moveaxis nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin "
        "nanprod nanstd nansum nanvar ndim negative nonzero ones_like prod ptp rad2deg ravel real reciprocal repeat "
        "reshape roll round sign signbit sin sinc sinh size slogdet sort split sqrt square squeeze stack std sum "
        "swapaxes tan tanh tile trace transpose tril triu trunc unique vander var view vsplit zeros_like"
    ),
    ("numpy", "x bins"): "digitize",
    ("numpy", "x constant_values"): "pad",
    ("numpy", "x fill_value"): "full_like",
    ("numpy", "x indices"): "take take_along_axis",
    ("numpy", "x key"): "getitem",
    ("numpy", "x q"): "nanpercentile nanquantile percentile quantile",
    ("numpy", "x weights"): "average",
    ("numpy", "x y"): (
        "bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor left_shift right_shift"
    ),
    ("numpy", "x1 x2"): (
        "add allclose append arctan2 correlate cross divide divide_no_nan dot equal floor_divide fmax fmin fmod gcd "
        "greater greater_equal heaviside hypot inner isin kron lcm ldexp less less_equal logaddexp logaddexp2 "
        "logical_and logical_or logical_xor matmul maximum minimum mod multiply nextafter not_equal outer power "
        "subtract tensordot true_divide vdot"
    ),
    ("numpy", "x1 x2 rtol atol"): "isclose",
    ("numpy", "xs"): "concatenate dstack hstack vstack",
    ("numpy", "y"): "trapezoid",
}
# Classes whose name is not the op's name in CamelCase.
_CLASS_NAMES = {
    "abs": "Absolute",
    "allclose": "AllClose",
    "batch_normalization": "BatchNorm",
    "cdist": "CDist",
    "conj": "Conjugate",
    "ctc_decode": "CTCDecode",
    "ctc_loss": "CTCLoss",
    "fft": "FFT",
    "fft2": "FFT2",
    "getitem": "GetItem",
    "hsv_to_rgb": "HSVToRGB",
    "ifft2": "IFFT2",
    "irfft": "IRFFT",
    "isin": "IsIn",
    "istft": "ISTFT",
    "layer_normalization": "LayerNorm",
    "psnr": "PSNR",
    "rfft": "RFFT",
    "rgb_to_grayscale": "RGBToGrayscale",
    "rgb_to_hsv": "RGBToHSV",
    "rms_normalization": "RMSNorm",
    "searchsorted": "SearchSorted",
    "ssim": "SSIM",
    "stft": "STFT",
    "svd": "SVD",
}


class KerasOp(NamedTuple):
    """Keras's class of an op.

    Attributes:
        module: where the class is, e.g. "keras.src.ops.numpy".
        class_name: name of the class.
        name: name of the op.
        call: the op's arguments that are arguments of the call; the others are in the config.
    """

    module: str
    class_name: str
    name: str
    call: tuple[str, ...]


BY_NAME = {
    name: KerasOp(
        f"keras.src.ops.{module}",
        _CLASS_NAMES.get(name, "".join(word.capitalize() for word in name.split("_"))),
        name,
        tuple(call.split()),
    )
    for (module, call), names in _OPS.items()
    for name in names.split()
}
# "absolute" and "abs" have one class; the last one, which is in netlet's registry of ops, is found.
BY_CLASS = {(op.module, op.class_name): op for op in BY_NAME.values()}
