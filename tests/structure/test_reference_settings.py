"""The settings with which the reference libraries run, that conftest.py makes."""

from __future__ import annotations

import os

import pytest

from support import xla


def test_flags_of_xla_are_given_only_if_it_has_them():
    pytest.importorskip("jaxlib")
    assert not xla.has_flag("xla_no_such_flag")
    given = [flag.lstrip("-").partition("=")[0] for flag in os.environ.get("XLA_FLAGS", "").split()]
    assert all(xla.has_flag(flag) for flag in given)
