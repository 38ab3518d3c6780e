"""tools/cuda_compile.py reads what ptxas prints, and docs/internals/cuda.md lists each file with CUDA kernels."""

from __future__ import annotations

import importlib
import types

import pytest

from support.repo import ROOT

# nvcc 13.0, demangled; the numbers of `tiles` and `helper` are changed so that they spill.
PTXAS = """\
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'void netlet::cuda::entry<&netlet::cuda::(anonymous namespace)::plain, 256, netlet::cuda::(anonymous namespace)::A<float>, long>(netlet::Gate, netlet::cuda::(anonymous namespace)::A<float>, long)' for 'sm_90'
ptxas info    : Function properties for void netlet::cuda::entry<&netlet::cuda::(anonymous namespace)::plain, 256, netlet::cuda::(anonymous namespace)::A<float>, long>(netlet::Gate, netlet::cuda::(anonymous namespace)::A<float>, long)
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 10 registers, used 0 barriers
ptxas info    : Compile time = 8.835 ms
ptxas info    : Compiling entry function 'void netlet::cuda::entry<&(void netlet::cuda::block_sum<double, 3, true>(netlet::cuda::A<double>, long)), 128, netlet::cuda::A<double>, long>(netlet::Gate, netlet::cuda::A<double>, long)' for 'sm_90'
ptxas info    : Function properties for void netlet::cuda::entry<&(void netlet::cuda::block_sum<double, 3, true>(netlet::cuda::A<double>, long)), 128, netlet::cuda::A<double>, long>(netlet::Gate, netlet::cuda::A<double>, long)
    1200 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 42 registers, used 1 barriers, 1232 bytes cumulative stack size, 2048 bytes smem
ptxas info    : Compiling entry function 'void netlet::cuda::entry<&(void netlet::cuda::tiles<(netlet::UnaryOp)3, float>(float const*, long)), 1024, float const*, long>(netlet::Gate, float const*, long)' for 'sm_80'
ptxas info    : Function properties for netlet::cuda::helper(float const*)
    16 bytes stack frame, 8 bytes spill stores, 0 bytes spill loads
ptxas info    : Function properties for void netlet::cuda::entry<&(void netlet::cuda::tiles<(netlet::UnaryOp)3, float>(float const*, long)), 1024, float const*, long>(netlet::Gate, float const*, long)
    24 bytes stack frame, 40 bytes spill stores, 44 bytes spill loads
ptxas info    : Used 64 registers, used 1 barriers, 24 bytes cumulative stack size
"""  # noqa: E501


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("cuda_compile")


def test_the_parser_reads_names_threads_registers_memory_and_spills(tool):
    Kernel = tool.Kernel
    plain, block_sum, helper, tiles = tool.parse(PTXAS)
    assert plain == Kernel("plain", "sm_90", 256, 10, 0, 0, 0, 0)
    assert block_sum == Kernel("block_sum<double, 3, true>", "sm_90", 128, 42, 2048, 1232, 0, 0)
    assert helper == Kernel("helper (function)", "sm_80", 0, 0, 0, 16, 8, 0)
    assert tiles == Kernel("tiles<(UnaryOp)3, float>", "sm_80", 1024, 64, 0, 24, 40, 44)
    assert [k.spills for k in (plain, block_sum, helper, tiles)] == [False, False, True, True]


def test_warps_are_whole_blocks_that_the_registers_allow(tool):
    def warps(threads: int, registers: int) -> int:
        return tool.Kernel("k", "sm_90", threads, registers, 0, 0, 0, 0).warps

    assert warps(256, 32) == 64
    assert warps(256, 33) == 48  # 40 registers: 51 warps, 6 blocks of 8
    assert warps(1024, 42) == 32
    assert warps(128, 255) == 8


def test_the_table_has_one_row_for_a_template(tool):
    kernels = [tool.Kernel(f"f<{t}>", "sm_90", 256, r, 0, 0, 0, 0) for t, r in (("float", 20), ("double", 31))]
    lines = tool.markdown({"csrc/a_cuda.cu": kernels, "csrc/b_cuda.cu": []}, "nvcc 13.0").splitlines()
    assert lines[-2:] == ["| `csrc/a_cuda.cu` | `f` | 2 | 256 | 20 to 31 | 0 |", "| `csrc/b_cuda.cu` | none | | | | |"]


def test_the_page_lists_each_file_with_cuda_kernels(tool):
    """`python tools/cuda_compile.py --write docs/internals/cuda.md` where nvcc is, adds what this finds missing."""
    page = (ROOT / "docs" / "internals" / "cuda.md").read_text(encoding="utf-8")
    table = page[page.index(tool.BEGIN) : page.index(tool.END)]
    missing = [f for path in tool.cuda_files() if f"| `{(f := path.relative_to(ROOT).as_posix())}` |" not in table]
    assert not missing
