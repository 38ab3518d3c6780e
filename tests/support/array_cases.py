"""Calls of NumPy's functions in netlet.ops beyond those of op_cases.py: (name, positional arguments, keywords)."""

from __future__ import annotations

import numpy as np

RNG = np.random.default_rng(1)
V = np.array([3.0, 1.0, 3.0, 2.0, -1.0])
W = np.array([1.0, 0.5, -2.0])
M = RNG.uniform(-0.9, 0.9, (3, 4))
T = RNG.uniform(-0.9, 0.9, (2, 3, 4))
I = np.array([[3, -1, 2], [0, 3, 3]], "int32")
HOLES = np.array([[1.0, np.nan, 3.0, 2.0], [np.nan, np.nan, np.nan, np.nan], [4.0, -1.0, np.nan, -1.0]])
SOME = HOLES[[0, 2]]
WILD = np.array([[1.0, np.nan, np.inf], [-np.inf, 2.0, -0.0]])
BOOL = M > 0
PROBABILITIES = RNG.uniform(0.1, 0.9, (3, 4))
NAN_SUMS = "nansum nanprod nanmean nanvar nanstd nanmax nanmin nanmedian".split()

ARRAY_CASES = [
    *[(name, (M,), {}) for name in "real conj conjugate isreal angle fliplr flipud rot90 diagflat empty_like".split()],
    *[(name, (I,), {}) for name in "real imag angle isreal ptp diagflat nansum nanmax nanargmin trapezoid".split()],
    ("angle", (WILD,), {}),
    ("append", (M, T), {}),
    ("append", (M, M[:1]), {"axis": 0}),
    ("append", (I, M[:, :2].T), {"axis": 1}),
    ("array_split", (V, 3), {}),
    ("array_split", (I, 4), {"axis": 0}),
    ("hsplit", (M, 2), {}),
    ("hsplit", (V, [2]), {}),
    ("vsplit", (T, 2), {}),
    ("dsplit", (T, [1, 2]), {}),
    ("dstack", ([M, M],), {}),
    ("dstack", ([V, V],), {}),
    *[("rot90", (T,), {"k": k, "axes": (1, 2)}) for k in (-1, 2, 3, 4)],
    ("diagflat", (V,), {"k": -2}),
    ("vander", (V,), {}),
    ("vander", (W,), {"N": 5, "increasing": True}),
    ("diff", (M,), {}),
    ("diff", (T,), {"n": 2, "axis": 1}),
    ("diff", (BOOL,), {}),
    ("trapezoid", (M,), {}),
    ("trapezoid", (M,), {"x": np.array([0.0, 1.0, 1.5, 4.0])}),
    ("trapezoid", (T,), {"dx": 0.5, "axis": 1}),
    ("tensordot", (T, M), {}),
    ("tensordot", (T, M), {"axes": ([1], [0])}),
    ("tensordot", (M, V), {"axes": 0}),
    ("inner", (T, M), {}),
    ("outer", (M, V), {}),
    ("vdot", (M, M), {}),
    ("kron", (M, T), {}),
    ("dot", (M, np.moveaxis(T, 1, 2)), {}),
    ("cross", (M[:, :3], T[0, :, :3]), {}),
    ("cross", (M[:, :3], T[..., :3]), {"axisc": 0}),
    ("cross", (M[:, :2], M[:, 1:3]), {}),
    ("cross", (M[:, :2], M[:, :3]), {}),
    ("cross", (T[:, :, :3], T[:, :, 1:]), {"axis": 1}),
    *[("correlate", pair, {"mode": mode}) for mode in ("valid", "same", "full") for pair in ((V, W), (W, V), (V, V))],
    ("correlate", (V, W[:2]), {"mode": "same"}),
    ("correlate", (W[:2], V), {"mode": "same"}),
    *[("quantile", (M, [0.0, 0.3, 0.5, 1.0]), {"method": m}) for m in "linear lower higher midpoint nearest".split()],
    ("quantile", (T, 0.25), {"axis": (0, 2), "keepdims": True}),
    ("quantile", (WILD, 0.4), {"axis": 1}),
    ("percentile", (T, [10, 90]), {"axis": 1}),
    ("percentile", (M, 50), {}),
    *[
        ("nanquantile", (HOLES, np.array([0.2, 0.9])), {"axis": axis, "method": m})
        for axis, m in ((1, "linear"), (0, "lower"), (None, "nearest"), (1, "midpoint"))
    ],
    ("nanpercentile", (HOLES, 30.0), {"axis": 0, "keepdims": True}),
    *[(name, (HOLES,), kw) for name in NAN_SUMS for kw in ({}, {"axis": 1}, {"axis": 0, "keepdims": True})],
    *[(name, (HOLES,), {"axis": 1}) for name in ("nanargmax", "nanargmin", "nancumsum", "nancumprod")],
    *[(name, (SOME,), {}) for name in ("nanargmax", "nanargmin", "nancumsum", "nancumprod")],
    ("nanargmax", (HOLES,), {"axis": 0, "keepdims": True}),
    ("nan_to_num", (WILD,), {}),
    ("nan_to_num", (WILD,), {"nan": 1.0, "posinf": 2.0, "neginf": -3.0}),
    ("ptp", (T,), {"axis": (0, 2)}),
    ("corrcoef", (M,), {}),
    ("corrcoef", (V,), {}),
    ("histogram", (V, 5), {}),
    ("histogram", (M[0],), {"bins": 4, "range": (-0.5, 0.5)}),
    ("histogram", (np.full(3, 2.0), 2), {}),
    ("isin", (I, np.array([3, 0, 7])), {}),
    ("isin", (V, np.array([1.0, np.nan, 2.5])), {"invert": True}),
    ("unique", (V,), {"size": 6, "return_index": True, "return_inverse": True, "return_counts": True}),
    ("unique", (I,), {"size": 3}),
    ("unique", (HOLES,), {"size": 9, "fill_value": 7.0, "return_counts": True}),
    ("unravel_index", (np.array([[0, 5], [11, -1]], "int32"), (3, 4)), {}),
    ("select", ([BOOL, ~BOOL], [M, -M]), {"default": 9.0}),
    ("saturate_cast", (WILD * 300, "int8"), {}),
    ("saturate_cast", (np.array([1e20, -1e20, 3.7], "float32"), "int32"), {}),
    ("saturate_cast", (I * 1000, "uint8"), {}),
    ("saturate_cast", (np.array([1e300, -1e300, 0.1]), "float32"), {}),
    ("rearrange", (T, "a b (c d) -> (b d) a c"), {"d": 2}),
    ("rearrange", (T, "a b c -> c (a b)"), {}),
    ("max", (M,), {"initial": 0.2}),
    ("average", (M,), {"axis": 0, "weights": W}),
    ("average", (M,), {"axis": 1, "weights": PROBABILITIES[0]}),
    ("clip", (M, M[0] - 0.5, M[1] + 0.5), {}),
    ("full_like", (M, M[0]), {}),
    ("round", (I, 1), {}),
    ("round", (I * 37, -1), {}),
    ("min", (T,), {"axis": 1, "initial": -0.2, "keepdims": True}),
    ("prod", (I,), {"axis": 0, "dtype": "float32"}),
    *[("pad", (M, ((1, 0), (2, 3))), {"mode": mode}) for mode in "edge reflect symmetric wrap maximum mean".split()],
    *[("pad", (I, 1), {"mode": mode}) for mode in ("linear_ramp", "minimum", "median")],
    ("multi_hot", (np.array([[0, 2], [1, 1]], "int32"), 3), {}),
    ("multi_hot", (np.array([4, 0], "int32"), 5), {}),
    ("binary_crossentropy", (np.round(PROBABILITIES), PROBABILITIES), {}),
    ("binary_crossentropy", (np.round(PROBABILITIES), M * 5), {"from_logits": True}),
    ("categorical_crossentropy", (np.eye(4)[:3], PROBABILITIES), {}),
    ("categorical_crossentropy", (np.eye(4)[:3], M * 5), {"from_logits": True, "axis": 0}),
    ("sparse_categorical_crossentropy", (np.array([0, 3, 1], "int32"), PROBABILITIES), {}),
    ("sparse_categorical_crossentropy", (np.array([0, 3, 1], "int32"), M * 5), {"from_logits": True}),
    ("cdist", (M, M[:2]), {}),
    ("cdist", (T, M), {}),
    ("extract_sequences", (M, 2, 1), {}),
    ("linspace", (W, V[:3]), {"num": 4, "axis": -1, "retstep": True}),
    ("linspace", (W, 2.0), {"num": 3, "endpoint": False}),
    ("logspace", (W, V[:3]), {"num": 4, "base": 2.0}),
    ("geomspace", (np.abs(W), np.abs(V[:3])), {"num": 4}),
]
