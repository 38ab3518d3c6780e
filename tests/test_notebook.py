"""What notebooks show of models and histories: HTML whose pictures are valid SVG; nothing is built for it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.callbacks.history_html import history_html
from netlet.utils.html import html_table
from netlet.utils.line_charts import line_charts, ticks
from support.child import run_child

SVG = "{http://www.w3.org/2000/svg}"


def picture(html):
    found = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    return ET.fromstring(found[0]) if found else None


def texts(root):
    return [e.text for e in root.iter(f"{SVG}text")]


# ---- models -------------------------------------------------------------------------------------------------------
def test_a_model():
    model = netlet.Sequential(
        [netlet.Input((3,)), layers.Dense(2, name="a<b>"), layers.Dense(4, name="out")], name="small & fine"
    )
    model.get_layer("out").trainable = False
    html = model._repr_html_()
    assert {"a<b>", "out", "frozen"} <= set(texts(picture(html)))
    assert "a&lt;b&gt; (Dense)" in html and "small &amp; fine" in html and "a<b>" not in html
    assert "Total params: 20" in html and "Trainable params: 8" in html


def test_a_model_that_is_not_built_stays_so():
    model = netlet.Sequential([layers.Dense(2)])
    assert "0 (unbuilt)" in model._repr_html_()
    assert not model.built

    class Own(netlet.Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = layers.Dense(2, name="inside")

    assert "inside (Dense)" in Own()._repr_html_()


def test_a_large_model_has_a_table_only():
    model = netlet.Sequential([netlet.Input((1,)), *(layers.ReLU(name=f"l{i}") for i in range(400))])
    html = model._repr_html_()
    assert picture(html) is None
    assert html.count("<tr>") == 202 and "… 200 rows …" in html
    assert "l0 (ReLU)" in html and "l399 (ReLU)" in html and "l200 (ReLU)" not in html


def test_a_training_without_a_notebook_imports_nothing_for_it():
    found = run_child(
        """
        import sys
        import numpy as np
        import netlet
        model = netlet.Sequential([netlet.Input((2,)), netlet.layers.Dense(1)])
        model.compile("sgd", "mse")
        x = np.ones((4, 2), "float32")
        model.fit(x, x[:, :1], verbose=0)
        names = ("matplotlib", "netlet.plots", "netlet.utils.model_picture", "netlet.utils.html", "netlet.utils.svg")
        print([name for name in names if name in sys.modules])
        assert "<svg" in model._repr_html_() and "netlet.utils.model_picture" in sys.modules
        """
    )
    assert found.stdout.strip() == "[]"


# ---- histories ----------------------------------------------------------------------------------------------------
def test_what_fit_returns():
    model = netlet.Sequential([netlet.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.ones((8, 2), "float32")
    history = model.fit(x, x[:, :1], epochs=3, validation_split=0.5, verbose=0)
    html = history._repr_html_()
    root = picture(html)
    assert len(list(root.iter(f"{SVG}polyline"))) == 4
    assert {"Loss", "Mae", "training", "validation", "epoch"} <= set(texts(root))
    assert f"{history.history['val_mae'][-1]:.4g}" in html and "3 epochs" in html
    assert netlet.callbacks.History()._repr_html_() == "<div>History of no epochs</div>"


def test_curves_are_where_their_values_are():
    root = picture(history_html({"loss": [4.0, 2.0, 0.0]}, [0, 1, 2]))
    [line] = root.iter(f"{SVG}polyline")
    points = np.array([p.split(",") for p in line.get("points").split()], float)
    assert np.all(np.diff(points[:, 0]) > 0) and np.all(np.diff(points[:, 1]) > 0)  # downwards
    assert points[1].tolist() == pytest.approx(points.mean(axis=0).tolist(), abs=0.1)


def test_values_that_are_not_finite_and_single_epochs():
    root = picture(history_html({"loss": [1.0, float("nan"), 2.0, 3.0], "val_loss": [float("inf")] * 4}, [0, 1, 2, 3]))
    assert len(list(root.iter(f"{SVG}polyline"))) == 1 and len(list(root.iter(f"{SVG}circle"))) == 1
    root = picture(history_html({"loss": [1.0], "f1": [np.ones(3)]}, [0]))
    assert len(list(root.iter(f"{SVG}circle"))) == 1
    picture(history_html({"loss": [float("nan")]}, [0]))
    picture(history_html({"f1": [np.ones(3)]}, [0]))


def test_what_is_no_number_has_no_curve():
    html = history_html({"loss": [2.0, 1.0], "state": ["good", None], "lists": [[1], [2]]}, [0, 1])
    assert {"Loss"} == {text for text in texts(picture(html)) if text[0].isupper()}
    assert "state" not in html


def test_validation_is_at_its_epochs():
    x = np.ones((4, 2), "float32")
    model = netlet.Sequential([netlet.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    found = model.fit(x, x[:, :1], epochs=5, validation_data=(x, x[:, :1]), validation_freq=[1, 2, 5], verbose=0)
    training, validation = picture(found._repr_html_()).iter(f"{SVG}polyline")
    places = [line.get("points").split() for line in (training, validation)]
    xs = [[point.split(",")[0] for point in points] for points in places]
    assert xs[1] == [xs[0][0], xs[0][1], xs[0][4]]


def test_ticks():
    assert ticks(0.0, 2e-15) == [0.0, 5e-16, 1e-15, 1.5e-15, 2e-15]
    assert ticks(0.0, 10.0) == [0, 5, 10]
    assert ticks(-0.031, 0.012) == [-0.02, 0.0]
    assert ticks(1.0, 1.0) == [1.0] and ticks(0.0, float("inf")) == [0.0]
    assert picture(str(line_charts([], "epoch"))) is not None


def test_tables():
    rows = ET.fromstring(html_table(["a", "b"], [["<", "1"]], [1], [(0.5, "#000")])).findall(".//tr")
    assert [cell.text for cell in rows[1]] == ["<", "1", None]
    assert rows[1][1].get("style") == "text-align:right" and "width:80.0px" in rows[1][2][0].get("style")
