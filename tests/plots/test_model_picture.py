"""plots.model: the SVG is valid, shows every call and connection, and no line crosses a box."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import netlet
from netlet import layers, plots
from netlet.utils.model_picture import model_picture
from netlet.utils.model_picture.graph import Options, describe
from netlet.utils.model_picture.layout import layered
from support.child import run_child

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return [element.text for element in ET.fromstring(str(svg)).iter(f"{SVG}text")]


def graph(model, **options):
    """(titles of the boxes, edges as pairs of titles)."""
    found = describe(model, Options(**options))
    titles = [box.title for box in found.boxes]
    return titles, [(titles[a], titles[b]) for a, b in found.edges]


def residual(blocks=1):
    x = start = netlet.Input((4,), name="x")
    for i in range(blocks):
        h = layers.Dense(4, activation="relu", name=f"h{i}")(x)
        x = layers.Add(name=f"sum{i}")([x, layers.Dense(4, name=f"g{i}")(h)])
    return netlet.Model(start, layers.Dense(1, name="y")(x), name="res")


# ---- what is shown ------------------------------------------------------------------------------------------------
def test_a_chain():
    model = netlet.Sequential([netlet.Input((3,), name="in"), layers.Dense(2, name="a"), layers.ReLU(name="b")])
    assert graph(model) == (["in", "a", "b"], [("in", "a"), ("a", "b")])
    assert texts(plots.model(model)) == [
        "in", "Input", "(None, 3)", "a", "Dense", "(None, 2)", "8 parameters", "b", "ReLU", "(None, 2)",
    ]  # fmt: skip


def test_options():
    model = residual()
    model.get_layer("y").trainable = False
    shown = texts(plots.model(model, show_dtype=True, show_layer_activations=True))
    for text in ("Dense, relu", "(None, 4) float32", "frozen", "20 parameters"):
        assert text in shown
    bare = texts(plots.model(model, show_shapes=False, show_trainable=False))
    assert not any("None" in text for text in bare) and "frozen" not in bare


def test_a_model_that_is_not_built_stays_so():
    model = netlet.Sequential([layers.Dense(2, name="a"), layers.Dense(3, name="b")])
    assert texts(plots.model(model)) == ["a", "Dense", "not built", "b", "Dense", "not built"]
    assert not model.built and not model.weights
    assert texts(plots.model(netlet.Sequential(name="empty")))[0] == "empty"


def test_branches_several_inputs_and_outputs():
    a, b = netlet.Input((3,), name="a"), netlet.Input((3,), name="b")
    both = layers.Concatenate(name="both")([a, b])
    model = netlet.Model([a, b], [layers.Dense(1, name="p")(both), layers.Dense(2, name="q")(a)])
    titles, edges = graph(model)
    assert sorted(titles) == ["a", "b", "both", "p", "q"]
    assert sorted(edges) == [("a", "both"), ("a", "q"), ("b", "both"), ("both", "p")]


def test_a_shared_layer_has_a_box_for_each_call():
    a, b = netlet.Input((3,), name="a"), netlet.Input((3,), name="b")
    shared = layers.Dense(2, name="shared")
    model = netlet.Model([a, b], layers.Subtract(name="d")([shared(a), shared(b)]))
    titles, edges = graph(model)
    assert sorted(titles) == ["a", "b", "d", "shared", "shared"]
    assert sorted(edges) == [("a", "shared"), ("b", "shared"), ("shared", "d"), ("shared", "d")]
    assert {"shared: call 1 of 2", "shared: call 2 of 2"} <= set(texts(plots.model(model)))


def test_ops_and_a_part_of_a_model():
    x = netlet.Input((3,), name="x")
    h = layers.Dense(2, name="h")(x)
    model = netlet.Model(x, netlet.ops.exp(h) + h)
    assert "exp" in texts(plots.model(model)) and "add" in texts(plots.model(model))
    titles, edges = graph(netlet.Model(h, layers.Dense(1, name="y")(h)))
    assert titles[1:] == ["y"] and len(edges) == 1


def test_nested_models():
    inner = residual()
    chain = netlet.Sequential([netlet.Input((1,), name="i"), layers.Dense(2, name="c")], name="chain")
    inner.get_layer("h0").trainable = False
    x = netlet.Input((4,), name="start")
    model = netlet.Model(x, chain(inner(x)))
    assert graph(model) == (["start", "res", "chain"], [("start", "res"), ("res", "chain")])
    assert "partly frozen" in texts(plots.model(model))
    shown = texts(plots.model(model, expand_nested=True))
    assert [t for t in shown if t.startswith(("res", "chain"))] == [
        "res",
        "chain",
    ]
    assert {"Functional · (None, 1) · 45 parameters · partly frozen", "Sequential · (None, 2) · 4 parameters"} <= set(
        shown
    )
    assert {"x", "h0", "sum0", "c"} <= set(shown)


def test_a_subclass():
    class Own(netlet.Model):
        def __init__(self):
            super().__init__(name="own")
            self.first, self.second = layers.Dense(2, name="first"), layers.Dense(1, name="second")

        def call(self, x):
            return self.second(self.first(x))

    model = Own()
    assert graph(model) == (["own"], [])
    assert graph(model, expand_nested=True) == (["first", "second"], [])
    assert texts(plots.model(model))[:2] == ["own", "Own"]


def test_text_is_escaped():
    odd = netlet.Sequential([netlet.Input((1,)), layers.Dense(1, name='a<b>&"\x07é')], name='say "hi" & <bye>')
    svg = plots.model(odd)
    assert 'a<b>&"?é' in texts(svg)
    assert ET.fromstring(str(svg)).find(f"{SVG}title").text == 'Model say "hi" & <bye>'


def test_errors():
    with pytest.raises(ValueError, match="netlet model as `model`, received Dense"):
        plots.model(layers.Dense(2))


# ---- the picture --------------------------------------------------------------------------------------------------
def test_files_and_notebooks(tmp_path):
    svg = plots.model(residual())
    svg.save(tmp_path / "m.svg")
    assert ET.parse(tmp_path / "m.svg").getroot().tag == f"{SVG}svg"
    assert svg._repr_svg_() == str(svg)


def test_needs_no_matplotlib():
    child = run_child(
        """
        import sys
        sys.modules["matplotlib"] = sys.modules["matplotlib.pyplot"] = None
        import netlet
        model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
        print(str(netlet.plots.model(model))[:4])
        """
    )
    assert "<svg" in child.stdout


def boxes_of(svg):
    """(left, top, right, bottom) of the boxes, which are the white or grey rectangles with a border."""
    found = []
    for rect in ET.fromstring(str(svg)).iter(f"{SVG}rect"):
        if "stroke" in rect.attrib:
            x, y, w, h = (float(rect.get(k)) for k in ("x", "y", "width", "height"))
            found.append((x, y, x + w, y + h))
    return found


def points_of(svg):
    """Points along every line of the picture."""
    [path] = [p.get("d") for p in ET.fromstring(str(svg)).iter(f"{SVG}path")]
    points = []
    for start, command, rest in re.findall(r"M([-\d. ]+)([CL])([-\d. ]+)", path):
        x, y = map(float, start.split())
        numbers = [float(v) for v in re.findall(r"-?[\d.]+", rest)]
        for t in np.linspace(0, 1, 21):
            if command == "L":
                points.append((x + t * (numbers[0] - x), y + t * (numbers[1] - y)))
            else:
                p = np.array([x, y, *numbers]).reshape(4, 2)
                weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3]
                points.append(tuple(np.dot(weights, p)))
    return points


def unet():
    x = start = netlet.Input((16, 16, 1))
    skips = []
    for f in (2, 3, 4):
        x = layers.Conv2D(f, 3, padding="same")(x)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    for skip in reversed(skips):
        x = layers.Concatenate()([layers.UpSampling2D()(x), skip])
    return netlet.Model(start, x)


def dense_net():
    x = start = netlet.Input((4,))
    xs = [x]
    for _ in range(5):
        xs.append(layers.Dense(3)(layers.Concatenate()(xs) if len(xs) > 1 else x))
    return netlet.Model(start, layers.Concatenate()(xs))


def inception():
    x = netlet.Input((8,))
    ends = [layers.Dense(n)(x) for n in (1, 2)] + [layers.Dense(3)(layers.Dense(4)(x)) for _ in range(3)]
    return netlet.Model(x, layers.Concatenate()([*ends, x]))


@pytest.mark.parametrize("sideways", [False, True])
@pytest.mark.parametrize("make", [residual, lambda: residual(10), unet, dense_net, inception])
def test_no_overlaps_and_no_line_crosses_a_box(make, sideways):
    svg = model_picture(make(), sideways)
    boxes = boxes_of(svg)
    root = ET.fromstring(str(svg))
    for a, b in itertools.combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for left, top, right, bottom in boxes:
        assert left > 0 and top > 0 and right < float(root.get("width")) and bottom < float(root.get("height"))
    points = points_of(svg)
    assert len(points) > 50
    for x, y in points:
        assert not any(b[0] + 0.2 < x < b[2] - 0.2 and b[1] + 0.2 < y < b[3] - 0.2 for b in boxes), (x, y)


def test_random_graphs():
    rng = np.random.default_rng(0)
    for _ in range(30):
        count = int(rng.integers(1, 25))
        sizes = [(float(rng.integers(20, 120)), float(rng.integers(20, 60))) for _ in range(count)]
        edges = sorted(
            {tuple(sorted(rng.choice(count, 2, replace=False).tolist())) for _ in range(count)} if count > 1 else []
        )
        found = layered(sizes, edges, [])
        boxes = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(found.places, sizes)]
        for a, b in itertools.combinations(boxes, 2):
            assert a[2] <= b[0] + 0.01 or b[2] <= a[0] + 0.01 or a[3] <= b[1] or b[3] <= a[1]
        for (a, b), path in zip(edges, found.paths):
            assert path[0] == (pytest.approx((boxes[a][0] + boxes[a][2]) / 2), pytest.approx(boxes[a][3]))
            assert path[-1] == (pytest.approx((boxes[b][0] + boxes[b][2]) / 2), pytest.approx(boxes[b][1]))
            assert all(p[1] <= q[1] for p, q in itertools.pairwise(path))
        assert max(b[2] for b in boxes) <= found.width + 0.01 and min(b[0] for b in boxes) >= -0.01
        assert all(0 <= x <= found.width for path in found.paths for x, _ in path)


def test_a_chain_and_the_main_path_of_residual_blocks_are_straight():
    chain = netlet.Sequential([netlet.Input((3,)), *(layers.Dense(n + 1) for n in range(100))])
    for model in (chain, residual(20)):
        centres = {round((left + right) / 2, 1) for left, _, right, _ in boxes_of(plots.model(model))}
        assert len(centres) == 1
