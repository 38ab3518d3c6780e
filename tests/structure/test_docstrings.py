"""The docstrings of the public names are whole; tools/docstrings.py says what that means and finds what is missing."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from support.repo import ROOT


@pytest.fixture
def docstrings(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import docstrings

    return docstrings


def test_no_public_name_lacks_a_part_of_its_docstring(docstrings):
    pytest.importorskip("sklearn")  # netlet.wrappers is imported too
    lines = [f"{name}: {', '.join(gaps)}" for name, gaps in sorted(docstrings.incomplete().items())]
    assert not lines, "python tools/docstrings.py\n" + "\n".join(lines)


def test_names_are_found_in_packages_that_import_them_late_and_in_modules_without_a_list(docstrings):
    pytest.importorskip("sklearn")
    names = docstrings.public_names()
    assert {"netlet.layers.core.dense.Dense", "netlet.datasets.mnist.load_data", "netlet._core.Tensor.item"} <= {*names}
    assert "netlet.base.policies.DTypePolicy.name" in names and "netlet.ops.numpy.elementwise.exp" in names


def nothing(x):
    return x


def half(x, y=1):
    """Adds one number to another one, which
    may be missing

    Args:
        x: a number.
    """
    if y is None:
        raise ValueError(y)
    return x + y


def whole(x, *more):
    """Adds numbers.

    Args:
        x: a number.
        *more: further ones.

    Returns:
        The sum.

    >>> whole(1, 2)
    3
    """
    return x + sum(more)


def passes_on(x):
    """Calls something.

    Args:
        x: a number.

    >>> passes_on(1)
    """
    try:
        half(x)
    except ValueError:
        raise


def pairs():
    """Makes pairs.

    >>> next(pairs())
    (1, 2)
    """
    yield 1, 2


class Base:
    """A base class.

    Args:
        size: a number.

    >>> Base(1).size
    1
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def grown(self, by):
        """Grows."""
        return Base(self.size + by)


class Derived(Base):
    """Has an argument more.

    Args:
        name: a text.

    >>> Derived(1, "a").name
    'a'
    """

    def __init__(self, size: int, name: str) -> None:
        super().__init__(size)
        if not name:
            raise ValueError(name)
        self.name = name


class Pair(NamedTuple):
    """Two numbers.

    Attributes:
        first: a number.

    >>> Pair(1, 2).first
    1
    """

    first: int
    second: int


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (nothing, ["docstring"]),
        (half, ["first line", "Args y", "Returns", "Raises", "example"]),
        (whole, []),
        (passes_on, []),
        (pairs, ["Yields"]),
        (Base, []),
        (Base.grown, ["Args by", "Returns"]),
        (Derived, ["Raises"]),
        (Pair, ["Args second"]),
    ],
)
def test_what_a_docstring_lacks(docstrings, value: Any, expected: list[str]):
    assert docstrings.lacks(value) == expected
