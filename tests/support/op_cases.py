"""Calls of netlet.ops, one or more for each function: (name, positional arguments, keyword arguments)."""

from __future__ import annotations

import numpy as np

from support.array_cases import ARRAY_CASES

RNG = np.random.default_rng(0)
A = RNG.uniform(0.1, 0.9, (3, 4))
B = RNG.uniform(0.1, 0.9, (3, 4))
S = RNG.standard_normal((3, 4))
C = RNG.uniform(0.1, 0.9, (2, 3, 4))
BOOL = A > 0.5
INT = np.array([[0, 2], [3, 1]], "int32")
SHIFTED = np.array([[-7, 12], [100, 5]], "int32")
NOT_FINITE = np.array([np.nan, np.inf, -np.inf, 1.0, -0.0, np.nan])
X2 = RNG.standard_normal((2, 5, 6, 4))
K2 = RNG.standard_normal((3, 2, 2, 6))
X1 = RNG.standard_normal((2, 7, 3))
IDS = np.array([1, 0, 1], "int32")
DEFINITE = C @ np.swapaxes(C, 1, 2) + np.eye(3)
TIES = np.array([[2, 0, 1, 2], [0, 0, 3, 1], [1, 1, 1, 1]], "float64")

WAVE = np.random.default_rng(1).standard_normal((2, 21))
FRAMES = RNG.standard_normal((2, 6, 4))
HEADS = RNG.uniform(0.1, 0.9, (2, 5, 2, 3))  # all positive: sums of them do not cancel
IMAGES = RNG.uniform(-1.0, 1.0, (2, 5, 4, 3))

CASES = [
    *[
        (name, (A, B), {})
        for name in "add subtract multiply divide true_divide maximum minimum power floor_divide mod".split()
    ],
    *[(name, (S, B), {}) for name in "arctan2 hypot logaddexp logaddexp2 fmod fmax fmin heaviside nextafter".split()],
    *[(name, (S, 2 * S.T[:3, :1]), {}) for name in "floor_divide mod fmod".split()],
    *[(name, (SHIFTED, INT), {}) for name in "floor_divide mod fmod gcd lcm".split()],
    *[(f"bitwise_{name}", (SHIFTED, INT), {}) for name in "and or xor left_shift right_shift".split()],
    *[(name, (SHIFTED, INT), {}) for name in ("left_shift", "right_shift")],
    *[(f"bitwise_{name}", (BOOL, ~BOOL), {}) for name in ("and", "or", "xor")],
    *[(name, (x,), {}) for name in ("bitwise_not", "bitwise_invert") for x in (SHIFTED, BOOL)],
    ("ldexp", (A, np.array([1, -2, 0, 5], "int32")), {}),
    ("isclose", (A, B), {"rtol": 0.0, "atol": 0.2}),
    ("isclose", (A, A + 1e-6 * S), {}),
    ("isclose", (NOT_FINITE, NOT_FINITE[::-1]), {"equal_nan": True}),
    ("allclose", (A, B), {"atol": 2.0}),
    ("allclose", (A, A + 1e-7), {}),
    *[(name, (A, B), {}) for name in "equal not_equal less less_equal greater greater_equal".split()],
    *[(name, (BOOL, ~BOOL), {}) for name in "logical_and logical_or logical_xor".split()],
    *[
        (name, (A,), {})
        for name in "negative abs absolute exp exp2 expm1 log log1p log2 log10 sqrt rsqrt square reciprocal sin cos "
        "tan erf sign floor ceil round isfinite isnan isinf".split()
    ],
    *[(name, (A,), {}) for name in "arcsin arccos arctanh erfinv cbrt erfc fabs".split()],
    *[(name, (A,), {}) for name in ("isposinf", "isneginf", "signbit")],
    *[(name, (S,), {}) for name in "arctan sinh cosh arcsinh sinc deg2rad rad2deg fabs trunc i0".split()],
    ("arccosh", (A + 1,), {}),
    *[
        (name, (S,), {})
        for name in "relu relu6 leaky_relu elu selu celu gelu sigmoid tanh softplus softsign silu swish hard_sigmoid "
        "hard_silu hard_swish hard_tanh log_sigmoid tanh_shrink soft_shrink hard_shrink squareplus sparse_plus "
        "sparse_sigmoid glu softmax log_softmax".split()
    ],
    ("gelu", (S,), {"approximate": False}),
    ("leaky_relu", (S,), {"negative_slope": 0.05}),
    ("threshold", (S, 0.1, 0.7), {}),
    ("softmax", (C,), {"axis": 1}),
    ("softmax", (C,), {"axis": (0, 2)}),
    ("log_softmax", (C,), {"axis": (1, 2)}),
    ("divide_no_nan", (A, BOOL.astype("float64")), {}),
    ("logical_not", (BOOL,), {}),
    ("where", (BOOL, A, B), {}),
    ("clip", (A, 0.2, 0.6), {}),
    ("round", (A,), {"decimals": 1}),
    *[(name, (C,), {}) for name in "sum mean max min prod var std amax amin logsumexp argmax argmin".split()],
    *[(name, (C,), {"axis": 1}) for name in "sum mean max min prod var std logsumexp argmax argmin".split()],
    *[(name, (C,), {"axis": (0, -1), "keepdims": True}) for name in "sum mean max min prod var std logsumexp".split()],
    *[(name, (C,), {"axis": -1, "keepdims": True}) for name in "argmax argmin".split()],
    ("any", (BOOL,), {"axis": 0}),
    ("all", (BOOL,), {"axis": 1, "keepdims": True}),
    ("average", (A,), {"axis": 0}),
    ("average", (A,), {"axis": 0, "weights": B}),
    ("norm", (A,), {"axis": 1}),
    ("norm", (A,), {"axis": 0, "ord": 1}),
    *[("norm", (C,), {"axis": (0, 2), "ord": order}) for order in ("fro", "nuc", 2, -1)],
    *[("norm", (A,), {"axis": 1, "ord": order}) for order in (0, 3)],
    *[(name, (DEFINITE,), {}) for name in "cholesky det eigh inv logdet lu_factor pinv qr slogdet svd".split()],
    ("cholesky", (DEFINITE,), {"upper": True}),
    *[("cholesky_inverse", (DEFINITE[0],), {"upper": upper}) for upper in (False, True)],
    ("matrix_rank", (DEFINITE,), {}),
    *[("pinv", (A,), {"rcond": rcond}) for rcond in (None, 0.5)],
    ("qr", (A,), {"mode": "complete"}),
    ("svd", (C,), {"full_matrices": False}),
    ("svd", (C,), {"compute_uv": False}),
    ("solve", (DEFINITE, C[:, :, :2]), {}),
    ("solve", (DEFINITE[0], A[:, 0]), {}),
    *[(name, ([A, S],), {}) for name in ("fft", "fft2", "ifft2", "irfft")],
    *[("rfft", (S,), {"fft_length": n}) for n in (None, 3, 6)],
    *[("irfft", ([A, S],), {"fft_length": n}) for n in (3, 10)],
    ("stft", (WAVE, 5, 3, 8), {}),
    ("stft", (WAVE, 4, 2, 4), {"window": "hamming", "center": False}),
    ("stft", (WAVE, 5, 3, 6), {"window": None}),
    ("istft", ([FRAMES[:, :, :3], FRAMES[:, :, 1:]], 3, 2, 5), {}),
    ("istft", ([FRAMES[:, :, :3], FRAMES[:, :, 1:]], 4, 2, 4), {"window": "hamming", "center": False, "length": 9}),
    ("istft", ([FRAMES[:, :, :3], FRAMES[:, :, 1:]], 4, 3, 4), {"window": None}),
    *[("solve_triangular", (DEFINITE, C[:, :, :2]), {"lower": lower}) for lower in (False, True)],
    ("lstsq", (A.T, B[0]), {}),
    ("lstsq", (A, B), {"rcond": 0.3}),
    ("norm", (A,), {"axis": 0, "ord": np.inf, "keepdims": True}),
    ("matmul", (A, B.T), {}),
    ("matmul", (C, A.T), {}),
    ("dot", (A[0], B[0]), {}),
    ("dot", (C, A.T), {}),
    ("dot", (C, A[0]), {}),
    ("reshape", (A, (2, -1)), {}),
    ("ravel", (A,), {}),
    ("squeeze", (A[:, None],), {}),
    ("squeeze", (A[:, None],), {"axis": 1}),
    ("expand_dims", (A, 1), {}),
    ("expand_dims", (A, (0, 2)), {}),
    ("transpose", (C,), {}),
    ("transpose", (C, (1, 0, 2)), {}),
    ("swapaxes", (C, 0, -1), {}),
    ("moveaxis", (C, 0, -1), {}),
    ("moveaxis", (C, (0, 1), (2, 0)), {}),
    ("broadcast_to", (A, (2, 3, 4)), {}),
    ("concatenate", ([A, B],), {}),
    ("concatenate", ([A, B],), {"axis": 0}),
    ("stack", ([A, B],), {}),
    ("stack", ([A, B],), {"axis": -1}),
    ("vstack", ([A, B],), {}),
    ("hstack", ([A, B],), {}),
    ("split", (A, 2), {"axis": 1}),
    ("split", (A, [1, 3]), {"axis": 1}),
    ("unstack", (C,), {"axis": 1}),
    ("slice", (C, (0, 1, 1), (2, 2, 3)), {}),
    ("take", (A, INT), {"axis": 1}),
    ("take", (A, INT), {}),
    ("flip", (A,), {}),
    ("flip", (A,), {"axis": 1}),
    ("repeat", (A, 3), {"axis": 1}),
    ("repeat", (A, 2), {}),
    ("tile", (A, 2), {}),
    ("tile", (A, (2, 1, 3)), {}),
    ("pad", (A, ((1, 0), (2, 3))), {}),
    ("pad", (A, 1), {"constant_values": 2.0}),
    ("one_hot", (INT, 4), {}),
    ("one_hot", (INT, 5), {"axis": 0}),
    ("normalize", (S,), {}),
    ("normalize", (S,), {"axis": 0, "order": 1}),
    ("normalize", (S,), {"axis": 1, "order": 3}),
    ("batch_normalization", (S, S[0], S[1] ** 2, 1, S[2], S[1]), {}),
    ("layer_normalization", (S, S[0], S[1]), {}),
    ("layer_normalization", (C,), {"axis": (1, 2), "epsilon": 1e-3}),
    ("rms_normalization", (S, S[0]), {}),
    ("cast", (A, "int32"), {}),
    ("zeros_like", (A,), {}),
    ("ones_like", (A,), {}),
    ("full_like", (A, 3.0), {}),
    ("stop_gradient", (A,), {}),
    ("copy", (A,), {}),
    ("moments", (C,), {"axes": (0, 1)}),
    *[(name, (x,), kw) for name in ("sort", "argsort") for x in (S, TIES) for kw in ({}, {"axis": 0})],
    ("sort", (C,), {"axis": 1}),
    ("argsort", (INT,), {"axis": 0}),
    ("top_k", (TIES, 3), {}),
    ("top_k", (C, 2), {"sorted": False}),
    ("in_top_k", (IDS, TIES, 2), {}),
    ("searchsorted", (np.array([0.2, 0.4, 0.4, 0.8]), A), {}),
    ("searchsorted", (np.array([0.2, 0.4, 0.4, 0.8]), np.array([0.4, 0.9])), {"side": "right"}),
    ("digitize", (A, np.array([0.2, 0.4, 0.8])), {}),
    ("median", (A,), {}),
    ("median", (C,), {"axis": 1}),
    ("median", (C,), {"axis": (0, 2), "keepdims": True}),
    ("cumsum", (A,), {}),
    ("cumsum", (C,), {"axis": 1}),
    ("cumprod", (A,), {"axis": 0}),
    ("count_nonzero", (TIES,), {}),
    ("count_nonzero", (TIES,), {"axis": 0}),
    ("take_along_axis", (A, np.array([11, 0, 3])), {"axis": None}),
    ("take_along_axis", (TIES, np.array([[0, 3], [1, 1], [2, -1]])), {"axis": 1}),
    ("take_along_axis", (A, np.array([[2, 0, 1, 1]])), {"axis": 0}),
    ("scatter", (np.array([[1, 2], [0, 0], [1, 2]]), A[0, :3], (2, 4)), {}),
    ("scatter", (np.array([[1], [0], [1]]), A, (3, 4)), {}),
    ("scatter_update", (A, np.array([[1, 2], [0, -1]]), B[0, :2]), {}),
    *[("scatter_update", (A[0], IDS[:, None], B[0, :3]), {"reduction": r}) for r in ("add", "max", "min", "mul")],
    ("slice_update", (A, (1, 1), B[:2, :2]), {}),
    *[(f"segment_{name}", (A, IDS), {"num_segments": 3}) for name in ("sum", "max", "min", "prod")],
    *[(name, (C,), {"k": k}) for name in ("tril", "triu") for k in (-1, 0, 2)],
    ("diag", (A,), {"k": 1}),
    *[("diag", (A[0],), {"k": k}) for k in (-2, 0, 1)],
    ("diagonal", (C,), {}),
    ("diagonal", (C,), {"offset": -1, "axis1": 2, "axis2": 0}),
    ("trace", (C,), {"axis1": 1, "axis2": 2}),
    ("roll", (A, 2), {}),
    ("roll", (A, (1, -2)), {"axis": (0, 1)}),
    ("roll", (C, -1), {"axis": 1}),
    *[(f"{name}_pool", (IMAGES, 2, 2), {}) for name in ("max", "average")],
    *[(f"{name}_pool", (C, (2,)), {"strides": 1, "padding": "same"}) for name in ("max", "average")],
    *[
        (f"{name}_pool", (IMAGES, (3, 2)), {"strides": (2, 2), "padding": "same", "data_format": "channels_first"})
        for name in ("max", "average")
    ],
    ("conv", (X2, K2), {"strides": (2, 1), "padding": "same"}),
    ("conv", (X1, RNG.standard_normal((3, 3, 2))), {"dilation_rate": 2}),
    ("conv", (np.moveaxis(X2, -1, 1), K2), {"data_format": "channels_first"}),
    ("depthwise_conv", (X2, K2[..., :1, :].reshape(3, 1, 4, 3)), {"padding": "same"}),
    ("separable_conv", (X2, RNG.standard_normal((2, 2, 4, 1)), RNG.standard_normal((1, 1, 4, 5))), {}),
    ("conv_transpose", (X1, RNG.standard_normal((4, 2, 3))), {"strides": 3, "padding": "same"}),
    ("conv_transpose", (X2, RNG.standard_normal((3, 3, 2, 4))), {"strides": 2, "output_padding": 1}),
    *[(f"adaptive_{name}_pool", (IMAGES, (2, 3)), {}) for name in ("max", "average")],
    ("ctc_loss", (np.array([[1, 2], [3, 2]]), FRAMES, np.array([2, 2]), np.array([5, 6])), {"mask_index": 0}),
    ("ctc_decode", (FRAMES, np.array([6, 4])), {}),
    ("ctc_decode", (FRAMES, np.array([6, 4])), {"merge_repeated": False, "mask_index": 2}),
    ("ctc_decode", (FRAMES, np.array([6, 4])), {"strategy": "beam_search", "beam_width": 6, "top_paths": 2}),
    ("dot_product_attention", (HEADS, HEADS[:, :4], HEADS[:, 1:]), {"is_causal": True}),
    (
        "dot_product_attention",
        (HEADS, HEADS[:, :, :1], HEADS[:, :, :1]),
        {"bias": HEADS[:, :1, 0, :1, None], "scale": 0.5},
    ),
    *ARRAY_CASES,
]
