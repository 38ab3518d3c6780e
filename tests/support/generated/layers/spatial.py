"""Convolutions, pooling, padding, cropping, resizing, spectrograms."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support.generated.arrays import SEEDS, ints, normal, optional
from support.generated.layers.basic import SMOOTH
from support.generated.layers.case import Case

FIRST = "channels_first"


def per_axis(rank: int, low: int, high: int) -> st.SearchStrategy[Any]:
    """One number for all axes, or one for each."""
    return st.one_of(ints(low, high), st.tuples(*[ints(low, high)] * rank))


def image(draw: Any, sizes: Any, channels: int, first: bool) -> Any:
    """A batch of one or two images of normal numbers."""
    inner = (channels, *sizes) if first else (*sizes, channels)
    return normal(draw(SEEDS), (draw(ints(1, 2)), *inner))


def layout(draw: Any) -> tuple[dict[str, Any], bool]:
    first = draw(st.integers(0, 3)) == 3
    return ({"data_format": FIRST} if first else {}), first


def windows(draw: Any, rank: int, padding: list[str]) -> dict[str, Any]:
    """Strides or a dilation: at most one differs from 1, as in Keras."""
    found: dict[str, Any] = {"padding": draw(st.sampled_from(padding))}
    kind = draw(st.sampled_from(["", "strides", "dilation_rate"]))
    if kind:
        found[kind] = draw(per_axis(rank, 1, 2))
    return found


@st.composite
def conv(draw: Any, rank: int) -> Case:
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    channels = groups * draw(ints(1, 2))
    form, first = layout(draw)
    arguments = {
        "filters": groups * draw(ints(1, 3)),
        "kernel_size": draw(per_axis(rank, 1, 3)),
        "groups": groups,
        **windows(draw, rank, ["valid", "same", *(["causal"] if rank == 1 and not first else [])]),
        **form,
        **draw(optional({"activation": SMOOTH, "use_bias": [False]})),
    }
    return Case(arguments, [image(draw, [draw(ints(5, 7)) for _ in range(rank)], channels, first)])


@st.composite
def conv_transpose(draw: Any, rank: int) -> Case:
    form, first = layout(draw)
    arguments = {
        "filters": draw(ints(1, 3)),
        "kernel_size": draw(per_axis(rank, 1, 3)),
        **windows(draw, rank, ["valid", "same"]),
        **form,
        **draw(optional({"activation": SMOOTH, "use_bias": [False]})),
    }
    return Case(arguments, [image(draw, [draw(ints(2, 5)) for _ in range(rank)], draw(ints(1, 3)), first)])


@st.composite
def depthwise(draw: Any, rank: int, separable: bool) -> Case:
    form, first = layout(draw)
    same_strides = draw(st.sampled_from([{}, {"strides": 2}, {"dilation_rate": 2}]))  # Keras: one stride for all axes
    arguments = {
        "kernel_size": draw(per_axis(rank, 1, 3)),
        "padding": draw(st.sampled_from(["valid", "same"])),
        **same_strides,
        **form,
        **draw(optional({"activation": SMOOTH, "use_bias": [False], "depth_multiplier": ints(1, 3)})),
        **({"filters": draw(ints(1, 4))} if separable else {}),
    }
    return Case(arguments, [image(draw, [draw(ints(5, 7)) for _ in range(rank)], draw(ints(1, 3)), first)])


@st.composite
def pooling(draw: Any, rank: int) -> Case:
    form, first = layout(draw)
    more = draw(optional({"strides": per_axis(rank, 1, 3), "padding": ["valid", "same"]}))
    x = image(draw, [draw(ints(3, 6)) for _ in range(rank)], draw(ints(1, 5)), first)
    return Case({"pool_size": draw(per_axis(rank, 1, 3)), **more, **form}, [x])


@st.composite
def global_pooling(draw: Any, rank: int) -> Case:
    form, first = layout(draw)
    x = image(draw, [draw(ints(1, 5)) for _ in range(rank)], draw(ints(1, 5)), first)
    return Case({"keepdims": draw(st.booleans()), **form}, [x])


@st.composite
def adaptive_pooling(draw: Any, rank: int) -> Case:
    form, first = layout(draw)
    x = image(draw, [draw(ints(3, 6)) for _ in range(rank)], draw(ints(1, 4)), first)
    return Case({"output_size": draw(per_axis(rank, 1, 3)), **form}, [x])


@st.composite
def up_sampling(draw: Any, rank: int) -> Case:
    form, first = layout(draw) if rank > 1 else ({}, False)
    size = draw(ints(1, 3) if rank == 1 else per_axis(rank, 1, 3))
    methods = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
    more = draw(optional({"interpolation": methods})) if rank == 2 else {}
    x = image(draw, [draw(ints(1, 4)) for _ in range(rank)], draw(ints(1, 3)), first)
    return Case({"size": size, **form, **more}, [x])


@st.composite
def border(draw: Any, rank: int, argument: str) -> Case:
    form, first = layout(draw) if rank > 1 else ({}, False)
    pair = st.tuples(ints(0, 2), ints(0, 2))
    amount = draw(pair if rank == 1 else st.one_of(per_axis(rank, 0, 2), st.tuples(*[pair] * rank)))
    x = image(draw, [draw(ints(5, 6)) for _ in range(rank)], draw(ints(1, 3)), first)
    return Case({argument: amount, **form}, [x])


@st.composite
def resizing(draw: Any) -> Case:
    form, first = layout(draw)
    arguments = {
        "height": draw(ints(1, 7)),
        "width": draw(ints(1, 7)),
        **form,
        **draw(optional({"interpolation": ["nearest", "bilinear", "bicubic", "lanczos3"], "antialias": [True, False]})),
        **draw(st.sampled_from([{}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": 0.5}])),
    }
    return Case(arguments, [image(draw, [draw(ints(2, 6)), draw(ints(2, 6))], draw(ints(1, 3)), first)])


@st.composite
def center_crop(draw: Any) -> Case:
    form, first = layout(draw)
    sizes = [draw(ints(2, 6)), draw(ints(2, 6))]
    arguments = {"height": draw(ints(1, sizes[0])), "width": draw(ints(1, sizes[1])), **form}
    return Case(arguments, [image(draw, sizes, draw(ints(1, 3)), first)])


@st.composite
def mel_spectrogram(draw: Any) -> Case:
    arguments = {
        "fft_length": 16,
        "sequence_stride": draw(ints(3, 6)),
        "sequence_length": draw(ints(8, 16)),
        "sampling_rate": 64,
        "num_mel_bins": draw(ints(2, 4)),
        "min_freq": 4.0,
        **draw(optional({"window": [None, "hamming"], "power_to_db": [False], "mag_exp": [1.0], "top_db": [20.0]})),
    }
    return Case(arguments, [normal(draw(SEEDS), (draw(ints(1, 2)), draw(ints(30, 40))))])


@st.composite
def stft_spectrogram(draw: Any) -> Case:
    arguments = {
        "mode": draw(st.sampled_from(["log", "magnitude", "psd", "real", "imag", "angle", "stft"])),
        "frame_length": draw(ints(4, 8)),
        "frame_step": draw(ints(2, 4)),
        "fft_length": 8,
        **draw(
            optional(
                {"window": [None, "hamming"], "padding": ["same"], "periodic": [True], "scaling": [None, "spectrum"],
                 "expand_dims": [True]}
            )
        ),
    }  # fmt: skip
    return Case(arguments, [normal(draw(SEEDS), (draw(ints(1, 2)), draw(ints(20, 30)), draw(ints(1, 2))))])


SPATIAL: dict[str, st.SearchStrategy[Case]] = {
    **{f"Conv{rank}D": conv(rank) for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": conv_transpose(rank) for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": depthwise(rank, False) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": depthwise(rank, True) for rank in (1, 2)},
    **{f"{kind}Pooling{rank}D": pooling(rank) for kind in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"Global{kind}Pooling{rank}D": global_pooling(rank) for kind in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"Adaptive{kind}Pooling{rank}D": adaptive_pooling(rank) for kind in ("Max", "Average") for rank in (1, 2, 3)},
    **{f"UpSampling{rank}D": up_sampling(rank) for rank in (1, 2, 3)},
    **{f"ZeroPadding{rank}D": border(rank, "padding") for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": border(rank, "cropping") for rank in (1, 2, 3)},
    "Resizing": resizing(),
    "CenterCrop": center_crop(),
    "MelSpectrogram": mel_spectrogram(),
    "STFTSpectrogram": stft_spectrogram(),
}
