"""The errors of names that netlet lacks: in every public module, for attributes and for `from ... import`."""

from __future__ import annotations

import importlib

import pytest

import netlet
from netlet.base.left_out import reason_for
from netlet.base.missing import public_names, why_missing


@pytest.mark.parametrize("module", [None, *netlet._MODULES])
def test_a_missing_name_is_explained_in_every_module(module):
    path = "netlet" if module is None else f"netlet.{module}"
    found = importlib.import_module(path)
    with pytest.raises(AttributeError, match=f"^{path} has no 'no_such_name'"):
        found.no_such_name  # noqa: B018
    assert not hasattr(found, "no_such_name")
    with pytest.raises(ImportError, match=f"^{path} has no 'no_such_name'"):
        exec(f"from {path} import no_such_name")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("netlet.layers.Densee", "netlet.layers has no 'Densee'. Nearest: netlet.layers.Dense."),
        ("netlet.layers.Adam", "netlet.layers has no 'Adam'. Nearest: netlet.optimizers.Adam."),
        ("netlet.Dense", "netlet has no 'Dense'. Nearest: netlet.layers.Dense."),
        ("netlet.legacy", "netlet has no 'legacy': it reads objects of Keras 2."),
        ("netlet.ops.zzzzzz", "netlet.ops has no 'zzzzzz'."),
    ],
)
def test_text(path, text):
    module, name = path.rsplit(".", 1)
    with pytest.raises(AttributeError) as caught:
        getattr(importlib.import_module(module), name)
    assert str(caught.value) == text
    with pytest.raises(ImportError) as caught:
        exec(f"from {module} import {name}")
    assert (str(caught.value), caught.value.name) == (text, module)


def test_names_of_python_itself_are_not_explained():
    with pytest.raises(AttributeError, match=r"^module 'netlet\.layers' has no attribute '__path_of__'"):
        netlet.layers.__path_of__  # noqa: B018


def test_reasons_are_for_names_that_are_missing():
    assert reason_for("quantizers.Quantizer") is not None, "a pattern may fit; it is asked for missing names only"
    assert reason_for("layers.Dense") is None
    assert "Quantizer" in public_names("netlet.quantizers")


def test_public_names_without_a_list():
    assert {"uniform", "SeedGenerator"} <= set(public_names("netlet.random"))
    assert not {"np", "annotations", "os"} & set(public_names("netlet.random"))


def test_nearest_of_few():
    assert why_missing("netlet.x", "abc", []) == "netlet.x has no 'abc'."
    assert why_missing("netlet.x", "relu_", ["relu", "RELU6"]).endswith("Nearest: netlet.x.relu or netlet.x.RELU6.")
