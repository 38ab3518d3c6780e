"""Ops of networks: convolutions, pooling, normalization, attention, crossentropies, CTC, images."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from support.generated.arrays import SEEDS, bits, ints, normal, optional, shapes, uniform, whole
from support.generated.layers.spatial import layout, per_axis, windows
from support.generated.losses import distributions
from support.generated.ops.call import Call, array, values

TYPES = ["float32", "float32", "float64"]


def image(draw: Any, sizes: Any, channels: int, first: bool, dtype: str = "float32") -> Any:
    """A batch of one or two images of normal numbers."""
    inner = (channels, *sizes) if first else (*sizes, channels)
    return normal(draw(SEEDS), (draw(ints(1, 2)), *inner)).astype(dtype)


@st.composite
def conv(draw: Any, kind: str) -> Call:
    rank, channels, dtype = draw(ints(1, 2)), draw(ints(1, 3)), draw(st.sampled_from(TYPES))
    form, first = layout(draw)
    size = [draw(ints(1, 3)) for _ in range(rank)]
    more = draw(ints(1, 3))
    x = image(draw, [draw(ints(5, 7)) for _ in range(rank)], channels, first, dtype)
    kernel = {"transpose": (*size, more, channels), "conv": (*size, channels, more)}.get(kind, (*size, channels, more))
    kernels = [normal(draw(SEEDS), kernel).astype(dtype)]
    if kind == "separable":
        kernels.append(normal(draw(SEEDS), (*[1] * rank, channels * more, draw(ints(1, 3)))).astype(dtype))
    options = windows(draw, rank, ["valid", "same"])
    if kind in ("separable", "depthwise") and not isinstance(options.get("strides", 1), int):
        options["strides"] = 2
    return Call((x, *kernels), options | form)


@st.composite
def pool(draw: Any, adaptive: bool) -> Call:
    rank = draw(ints(1, 3))
    form, first = layout(draw)
    x = image(draw, [draw(ints(3, 6)) for _ in range(rank)], draw(ints(1, 3)), first, draw(st.sampled_from(TYPES)))
    size = draw(per_axis(rank, 1, 3))
    more = {} if adaptive else draw(optional({"strides": per_axis(rank, 1, 3), "padding": ["valid", "same"]}))
    return Call((x, size), more | form)


@st.composite
def batch_normalization(draw: Any) -> Call:
    x = draw(array(dtypes=["float32", "float64"], min_dims=2))
    axis = draw(ints(-x.ndim, x.ndim - 1))
    per = {
        name: values(draw(SEEDS), x.shape[axis], str(x.dtype), 0.2, 2) for name in "mean variance offset scale".split()
    }
    return Call((x, per.pop("mean"), per.pop("variance"), axis), {k: v for k, v in per.items() if draw(st.booleans())})


@st.composite
def normalization(draw: Any, rms: bool) -> Call:
    x = draw(array(dtypes=["float32", "float64"], min_dims=1, min_side=2))
    parts = [values(draw(SEEDS), x.shape[-1], str(x.dtype), 0.2, 2) for _ in range(1 if rms else 2)]
    return Call((x, *parts[: draw(ints(0, len(parts)))]), draw(optional({"epsilon": [1e-2]})))


@st.composite
def normalize(draw: Any) -> Call:
    x = draw(array(dtypes=["float32", "float64", "int32"], min_dims=1))
    return Call((x,), {"axis": draw(ints(-x.ndim, x.ndim - 1)), **draw(optional({"order": [1, 3]}))})


@st.composite
def attention(draw: Any) -> Call:
    rows, steps, keys, groups, size = (draw(ints(1, 3)) for _ in range(5))
    heads = groups * draw(ints(1, 2))
    xs = [
        normal(draw(SEEDS), (rows, *s, size)).astype("float32")
        for s in ((steps, heads), (keys, groups), (keys, groups))
    ]
    masks = {"mask": bits(draw(SEEDS), (rows, draw(st.sampled_from([1, heads])), steps, keys), first=True)}
    bias = {"bias": normal(draw(SEEDS), (rows, heads, steps, keys)).astype("float32")}
    options = draw(st.sampled_from([{}, masks, bias])) | draw(optional({"scale": [0.5], "is_causal": [True]}))
    return Call(tuple(xs), options)


@st.composite
def crossentropy(draw: Any, kind: str) -> Call:
    shape = draw(shapes(1, 3, min_side=2))
    logits = draw(st.booleans())
    y = (3 * normal(draw(SEEDS), shape) if logits else uniform(draw(SEEDS), shape)).astype("float32")
    if kind == "sparse":
        return Call((whole(draw(SEEDS), shape[:-1], 0, shape[-1]), y), {"from_logits": logits})
    t = (distributions if kind == "categorical" else uniform)(draw(SEEDS), shape).astype("float32")
    return Call((t, y), {"from_logits": logits})


@st.composite
def ctc(draw: Any, decode: bool) -> Call:
    rows, longest, classes = draw(ints(1, 3)), draw(ints(1, 3)), draw(ints(2, 4))
    frames = 2 * longest + draw(ints(1, 3))
    x = normal(draw(SEEDS), (rows, frames, classes)).astype("float32")
    lengths = whole(draw(SEEDS), rows, 2 * longest, frames + 1)
    if decode:
        return Call((x, lengths), draw(optional({"merge_repeated": [False], "mask_index": ints(0, classes - 1)})))
    labels = whole(draw(SEEDS), (rows, longest), 1, classes)
    return Call((labels, x, whole(draw(SEEDS), rows, 1, longest + 1), lengths))


@st.composite
def blocks(draw: Any, to_space: bool) -> Call:
    size, channels, h, w = draw(ints(2, 3)), draw(ints(1, 2)), draw(ints(1, 2)), draw(ints(1, 2))
    form, first = layout(draw)
    sizes, channels = ((h, w), channels * size**2) if to_space else ((h * size, w * size), channels)
    return Call((image(draw, sizes, channels, first), size), form)


@st.composite
def folding(draw: Any, back: bool) -> Call:
    size, kernel = [draw(ints(4, 6)), draw(ints(4, 6))], draw(ints(1, 2))
    options = draw(optional({"dilation": ints(1, 2), "padding": ints(0, 1), "stride": ints(1, 2)}))
    if not back:
        return Call((image(draw, size, 2, True), kernel), options)
    dilation, padding, stride = (options.get(k, d) for k, d in (("dilation", 1), ("padding", 0), ("stride", 1)))
    places = np.prod([(s + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1 for s in size])
    x = normal(draw(SEEDS), (draw(ints(1, 2)), 2 * kernel**2, int(places))).astype("float32")
    return Call((x, tuple(size), kernel), options)


@st.composite
def picture(draw: Any, options: dict[str, Any], channels: int | None = 3, low: int = 3, unit: bool = True) -> Call:
    """One batch of images, or one image, in [0, 1] or of normal numbers."""
    form, first = layout(draw)
    x = image(draw, [draw(ints(low, low + 4)), draw(ints(low, low + 4))], channels or draw(ints(1, 3)), first)
    x = np.clip(np.abs(x), 0, 1) if unit else x
    return Call((x[0] if draw(st.integers(0, 4)) == 4 else x,), form | draw(optional(options)))


@st.composite
def resize(draw: Any) -> Call:
    call = draw(
        picture({"interpolation": ["nearest", "bilinear", "bicubic", "lanczos3"], "antialias": [True]}, None, 2)
    )
    crop = {"crop_to_aspect_ratio": True}
    return Call((*call.args, (draw(ints(1, 7)), draw(ints(1, 7)))), call.kwargs | draw(st.sampled_from([{}, {}, crop])))


@st.composite
def affine(draw: Any) -> Call:
    fill = ["constant", "nearest", "wrap", "mirror", "reflect"]
    call = draw(picture({"interpolation": ["nearest", "bilinear"], "fill_mode": fill, "fill_value": [0.5]}, None))
    x = call.args[0]
    t = np.array([1, 0, 0, 0, 1, 0, 0, 0.0]) + 0.3 * normal(draw(SEEDS), 8) * [1, 1, 3, 1, 1, 3, 0, 0]
    t = t.astype("float32")
    return Call((x, t if x.ndim == 3 else np.stack([t] * len(x))), call.kwargs)


@st.composite
def coordinates(draw: Any) -> Call:
    x = draw(array(dtypes=["float32"], min_dims=1, min_side=2))
    places = normal(draw(SEEDS), (x.ndim, *draw(shapes(1, 2)))).astype("float32") * 3
    fill = optional({"fill_mode": ["constant", "nearest", "wrap", "mirror", "reflect"], "fill_value": [0.5]})
    return Call((x, places, draw(ints(0, 1))), draw(fill))


@st.composite
def patches(draw: Any) -> Call:
    call = draw(picture({}, None, 4))
    more = draw(st.sampled_from([{}, {"strides": 2}, {"dilation_rate": 2}]))
    return Call(
        (*call.args, draw(ints(1, 2))), call.kwargs | more | {"padding": draw(st.sampled_from(["valid", "same"]))}
    )


@st.composite
def borders(draw: Any, kind: str) -> Call:
    call = draw(picture({}, None, 4))
    first = call.kwargs.get("data_format") == "channels_first"
    h, w = call.args[0].shape[-2:] if first else call.args[0].shape[-3:-1]
    top, left = draw(ints(0, 1)), draw(ints(0, 1))
    if kind == "padding":
        return Call(
            call.args,
            {**call.kwargs, "top_padding": top, "left_padding": left, "target_height": h + 3, "target_width": w + 2},
        )
    return Call(
        call.args,
        {**call.kwargs, "top_cropping": top, "left_cropping": left, "bottom_cropping": 1, "target_width": w - 2},
    )


@st.composite
def translate(draw: Any) -> Call:
    x = draw(array((4, 3), ["float32"]))
    ends = [values(draw(SEEDS), (2,), "float32", 0.5, 2.0), values(draw(SEEDS), (2,), "float32", -1, 1)]
    methods = ["linear", "cubic", "lanczos3", "lanczos5"]
    return Call(
        (x, (draw(ints(2, 6)), draw(ints(2, 6))), *ends, (0, 1), draw(st.sampled_from(methods))),
        draw(optional({"antialias": [False]})),
    )


SAMPLES = {"size": 2}
NETWORKS: dict[str, st.SearchStrategy[Call]] = {
    "conv": conv("conv"),
    "conv_transpose": conv("transpose"),
    "depthwise_conv": conv("depthwise"),
    "separable_conv": conv("separable"),
    **{name: pool(False) for name in ("max_pool", "average_pool")},
    **{name: pool(True) for name in ("adaptive_max_pool", "adaptive_average_pool")},
    "batch_normalization": batch_normalization(),
    "layer_normalization": normalization(False),
    "rms_normalization": normalization(True),
    "normalize": normalize(),
    "dot_product_attention": attention(),
    "binary_crossentropy": crossentropy("binary"),
    "categorical_crossentropy": crossentropy("categorical"),
    "sparse_categorical_crossentropy": crossentropy("sparse"),
    "ctc_loss": ctc(False),
    "ctc_decode": ctc(True),
    "depth_to_space": blocks(True),
    "space_to_depth": blocks(False),
    "unfold": folding(False),
    "fold": folding(True),
    "psnr": shapes(1, 3)
    .flatmap(lambda s: st.tuples(array(s, ["float32"]), array(s, ["float32"]), st.just(5.0)))
    .map(Call),
}
IMAGES: dict[str, st.SearchStrategy[Call]] = {
    "rgb_to_grayscale": picture({}),
    "rgb_to_hsv": picture({}),
    "hsv_to_rgb": picture({}),
    "resize": resize(),
    "affine_transform": affine(),
    "map_coordinates": coordinates(),
    "extract_patches": patches(),
    "pad_images": borders("padding"),
    "crop_images": borders("cropping"),
    "gaussian_blur": picture({"kernel_size": [(3, 5)], "sigma": [(0.5, 2.0)]}, None, 4),
    "sobel_edges": picture({}, None, 3, unit=False),
    "scale_and_translate": translate(),
}
