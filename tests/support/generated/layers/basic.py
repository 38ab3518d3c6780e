"""Dense layers, activations, normalization, noise, merging and reshaping."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support.generated.arrays import SEEDS, bits, ints, normal, optional, shapes, uniform, whole
from support.generated.layers.case import Case, Nested

ACTIVATIONS = (
    "celu elu exponential gelu hard_sigmoid hard_silu hard_tanh hard_shrink leaky_relu linear log_sigmoid log_softmax "
    "mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid squareplus "
    "swish tanh tanh_shrink"
).split()
SMOOTH = "gelu sigmoid silu softplus tanh".split()
INITIALIZERS = ["ones", "random_normal", "he_uniform"]


@st.composite
def one_input(
    draw: Any, options: dict[str, Any], min_dims: int = 2, max_dims: int = 4, min_side: int = 1, **call: Any
) -> Case:
    """A layer of any array of normal numbers, with any of the options."""
    x = normal(draw(SEEDS), draw(shapes(min_dims, max_dims, min_side)))
    return Case(draw(optional(options)), [x], call)


@st.composite
def dense(draw: Any) -> Case:
    x = normal(draw(SEEDS), draw(shapes(2, 4)))
    options = {"activation": ACTIVATIONS, "use_bias": [True, False], "kernel_initializer": INITIALIZERS}
    return Case({"units": draw(ints(1, 5)), **draw(optional(options))}, [x])


@st.composite
def einsum_dense(draw: Any) -> Case:
    a, b, c, d = (draw(ints(1, 4)) for _ in range(4))
    equation, shape, out, bias = draw(
        st.sampled_from(
            [
                ("ab,bc->ac", (a, b), c, "c"),
                ("abc,cd->abd", (a, b, c), (None, d), "d"),
                ("abc,cde->abde", (a, b, c), (None, d, b), "de"),
                ("...x,xy->...y", (a, b, c), d, "y"),
                ("abc,bd->adc", (a, b, c), (d, None), "d"),
                ("ab...,bc->ac...", (a, b, c), d, "c"),
            ]
        )
    )
    more = draw(optional({"bias_axes": [bias], "activation": SMOOTH}))
    return Case({"equation": equation, "output_shape": out, **more}, [normal(draw(SEEDS), shape)])


@st.composite
def embedding(draw: Any) -> Case:
    n = draw(ints(1, 6))
    ids = whole(draw(SEEDS), draw(shapes(1, 3)), 0, n)
    return Case({"input_dim": n, "output_dim": draw(ints(1, 4)), **draw(optional({"mask_zero": [True, False]}))}, [ids])


@st.composite
def reversible_embedding(draw: Any) -> Case:
    n, d = draw(ints(2, 6)), draw(ints(1, 4))
    arguments = {"input_dim": n, "output_dim": d}
    if draw(st.booleans()):
        return Case(arguments, [whole(draw(SEEDS), draw(shapes(2, 2)), 0, n)])
    more = draw(optional({"tie_weights": [True, False], "logit_soft_cap": [2.0]}))
    return Case(arguments | more, [normal(draw(SEEDS), (*draw(shapes(2, 2)), d))], {"reverse": True})


@st.composite
def prelu(draw: Any) -> Case:
    shape = draw(shapes(2, 4))
    shared = draw(st.lists(ints(1, len(shape) - 1), unique=True))
    return Case(
        {"alpha_initializer": draw(st.sampled_from(INITIALIZERS)), "shared_axes": shared or None},
        [normal(draw(SEEDS), shape)],
    )


@st.composite
def softmax(draw: Any) -> Case:
    shape = draw(shapes(2, 4))
    axis = draw(st.one_of(ints(-1, len(shape) - 1), st.just(tuple(range(1, len(shape))))))
    call = {"mask": bits(draw(SEEDS), shape)} if draw(st.booleans()) else {}
    return Case({"axis": axis}, [normal(draw(SEEDS), shape)], call)


@st.composite
def batch_normalization(draw: Any) -> Case:
    shape = draw(shapes(2, 4, min_side=2))
    options = {"center": [True, False], "scale": [True, False], "epsilon": [1e-2, 0.3], "momentum": [0.5]}
    axis = draw(st.sampled_from([-1, 1, len(shape) - 1]))
    call: dict[str, Any] = {"training": draw(st.booleans())}
    if len(shape) == 3 and axis != 1 and draw(st.booleans()):
        call["mask"] = bits(draw(SEEDS), shape[:2], first=True)
    return Case({"axis": axis, **draw(optional(options))}, [normal(draw(SEEDS), shape)], call)


@st.composite
def layer_normalization(draw: Any, options: dict[str, Any]) -> Case:
    shape = draw(shapes(2, 4, min_side=2))
    axes = draw(st.lists(ints(1, len(shape) - 1), unique=True, min_size=1))
    axis = draw(st.sampled_from([-1, axes[0], sorted(axes)]))
    return Case({"axis": axis, **draw(optional(options))}, [normal(draw(SEEDS), shape)])


@st.composite
def group_normalization(draw: Any) -> Case:
    groups, per_group = draw(ints(1, 3)), draw(ints(2, 3))
    shape = list(draw(shapes(2, 4)))
    axis = draw(st.sampled_from([-1, 1]))
    shape[axis] = groups * per_group
    options = {"center": [True, False], "scale": [True, False], "epsilon": [1e-2]}
    arguments = {"groups": draw(st.sampled_from([groups, -1] if len(shape) > 2 else [groups])), "axis": axis}
    return Case(arguments | draw(optional(options)), [normal(draw(SEEDS), shape)])


@st.composite
def normalization(draw: Any) -> Case:
    shape = draw(shapes(2, 4))
    n = shape[-1]
    arguments = {
        "mean": normal(draw(SEEDS), n).tolist(),
        "variance": uniform(draw(SEEDS), n).tolist(),
        "invert": draw(st.booleans()),
    }
    return Case(arguments, [normal(draw(SEEDS), shape)])


@st.composite
def spectral_normalization(draw: Any) -> Case:
    inner = Nested("Dense", {"units": draw(ints(2, 4)), "kernel_initializer": "random_normal"})
    x = normal(draw(SEEDS), draw(shapes(2, 3, min_side=2)))
    return Case({"layer": inner, "power_iterations": draw(ints(1, 3))}, [x], {"training": draw(st.booleans())})


@st.composite
def merged(draw: Any, least: int = 2, most: int = 4) -> Case:
    """Arrays of one shape, or of shapes that broadcast."""
    shape = draw(shapes(2, 4))
    count = draw(ints(least, most))
    xs = []
    for i in range(count):
        alone = [draw(st.booleans()) and draw(st.booleans()) for _ in shape]
        xs.append(
            normal(
                draw(SEEDS) + i * 2**32, (shape[0], *(1 if a else d for a, d in zip(alone[1:], shape[1:], strict=True)))
            )
        )
    return Case({}, xs)


@st.composite
def concatenate(draw: Any) -> Case:
    shape = list(draw(shapes(2, 4)))
    axis = draw(ints(1, len(shape) - 1))
    xs = []
    for _ in range(draw(ints(2, 4))):
        shape[axis] = draw(ints(1, 4))
        xs.append(normal(draw(SEEDS), shape))
    return Case({"axis": draw(st.sampled_from([axis, axis - len(shape)]))}, xs)


@st.composite
def dot(draw: Any) -> Case:
    n, k, a, b = (draw(ints(1, 4)) for _ in range(4))
    axes, left, right = draw(
        st.sampled_from(
            [(1, (n, k), (n, k)), ((1, 2), (n, k, a), (n, b, k)), (2, (n, a, k), (n, b, k)), (-1, (n, a, k), (n, b, k))]
        )
    )
    xs = [normal(draw(SEEDS), left), normal(draw(SEEDS), right)]
    return Case({"axes": axes, "normalize": draw(st.booleans())}, xs)


@st.composite
def reshape(draw: Any) -> Case:
    shape = draw(shapes(2, 4))
    target = list(draw(st.permutations(shape[1:])))
    if draw(st.booleans()):
        target[draw(ints(0, len(target) - 1))] = -1
    return Case({"target_shape": tuple(target)}, [normal(draw(SEEDS), shape)])


@st.composite
def permute(draw: Any) -> Case:
    shape = draw(shapes(2, 4))
    dims = tuple(draw(st.permutations(range(1, len(shape)))))
    return Case({"dims": dims}, [normal(draw(SEEDS), shape)])


@st.composite
def masking(draw: Any, masked: bool = True) -> Case:
    x = normal(draw(SEEDS), draw(shapes(3, 3)))
    if masked:
        x[~bits(draw(SEEDS), x.shape[:2])] = 0.5
    return Case({"mask_value": 0.5}, [x])


@st.composite
def noise(draw: Any, arguments: dict[str, Any], dims: int = 0) -> Case:
    x = normal(draw(SEEDS), draw(shapes(dims or 2, dims or 4)))
    more = draw(optional({"data_format": ["channels_first"]})) if dims > 3 else {}
    return Case({**arguments, **more, "seed": draw(ints(0, 99))}, [x], {"training": draw(st.booleans())})


FLAGS = {"center": [True, False], "scale": [True, False], "epsilon": [1e-2, 0.3], "gamma_initializer": INITIALIZERS}
RATE = {"rate": 0.4}
BASIC: dict[str, st.SearchStrategy[Case]] = {
    "Dense": dense(),
    "EinsumDense": einsum_dense(),
    "Embedding": embedding(),
    "ReversibleEmbedding": reversible_embedding(),
    "Identity": one_input({}),
    "Masking": masking(),
    "Activation": st.sampled_from(ACTIVATIONS).flatmap(
        lambda name: one_input({}).map(lambda c: c._replace(arguments={"activation": name}))
    ),
    "ELU": one_input({"alpha": [0.7, 2.0]}),
    "LeakyReLU": one_input({"negative_slope": [0.0, 0.05]}),
    "PReLU": prelu(),
    "ReLU": one_input({"max_value": [0.8], "negative_slope": [0.1], "threshold": [0.2]}),
    "Softmax": softmax(),
    "BatchNormalization": batch_normalization(),
    "LayerNormalization": layer_normalization(FLAGS),
    "GroupNormalization": group_normalization(),
    "RMSNormalization": layer_normalization({"epsilon": [1e-2]}),
    "UnitNormalization": layer_normalization({}),
    "SpectralNormalization": spectral_normalization(),
    "Normalization": normalization(),
    "Rescaling": one_input({"scale": [0.5, -2.0], "offset": [0.5]}).map(
        lambda c: c._replace(arguments={"scale": 3.0} | c.arguments)
    ),
    "ActivityRegularization": one_input({"l1": [0.1], "l2": [0.2]}),
    "Dropout": noise(RATE),
    "AlphaDropout": noise(RATE),
    "GaussianDropout": noise(RATE),
    "GaussianNoise": noise({"stddev": 0.3}),
    "SpatialDropout1D": noise(RATE, 3),
    "SpatialDropout2D": noise(RATE, 4),
    "SpatialDropout3D": noise(RATE, 5),
    **{name: merged() for name in ("Add", "Average", "Maximum", "Minimum", "Multiply")},
    "Subtract": merged(2, 2),
    "Concatenate": concatenate(),
    "Dot": dot(),
    "Flatten": one_input({"data_format": ["channels_first", "channels_last"]}),
    "Reshape": reshape(),
    "Permute": permute(),
    "RepeatVector": one_input({}, 2, 2).map(lambda c: c._replace(arguments={"n": 3})),
}
