"""AddressSanitizer reports a read of one byte before or after a netlet array (csrc/base/red_zone.h).

Only in a build with it, under tools/nightly.sh asan: there this test shows that a report would be seen.
"""

from __future__ import annotations

import os

import pytest

from support.child import ADDRESS_SANITIZER, run_child

pytestmark = pytest.mark.skipif(not ADDRESS_SANITIZER, reason="needs AddressSanitizer")

READ = """
import ctypes, numpy as np, netlet
y = netlet.ops.ones(({elements},), "float32").numpy()
ctypes.string_at(y.ctypes.data, y.nbytes)
print("inside", flush=True)
ctypes.string_at(y.ctypes.data + {shift}, y.nbytes)
print("outside", flush=True)
"""


@pytest.mark.parametrize("elements", [1, 5, 16, 100_000])  # the last is beyond the blocks that Buffer calls small
@pytest.mark.parametrize("shift", [-1, 1])
def test_one_byte_beyond_an_array_is_reported(elements, shift):
    options = os.environ["ASAN_OPTIONS"] + ":log_path=stderr"
    child = run_child(READ.format(elements=elements, shift=shift), check=False, ASAN_OPTIONS=options)
    assert child.returncode != 0 and child.stdout == "inside\n"
    assert "ERROR: AddressSanitizer" in child.stderr
