"""Compiles every CUDA file with nvcc and reports what each kernel takes. It needs no GPU; without nvcc it does nothing.

    python tools/cuda_compile.py                          all files, for sm_90
    python tools/cuda_compile.py --all                    for sm_80, sm_90 and sm_100, with PTX for later GPUs
    python tools/cuda_compile.py csrc/ops/gemm --arch sm_80
    python tools/cuda_compile.py --write docs/internals/cuda.md
                                                          also writes the table of sm_90 between the page's markers

It fails if a file does not compile, if there is a warning, or if a kernel spills registers to memory. What has been
compiled before, with the same compiler and the same headers, is read from build/cuda-compile.

The columns: registers and stack of a thread, and shared memory that is fixed at compile time; what csrc/cuda/shared.h
hands out is sized at launch and not counted. `warps` is how many warps of a multiprocessor (at most 64) the registers
allow at once.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CSRC = ROOT / "csrc"
CACHE = ROOT / "build" / "cuda-compile"
DEFAULT_ARCH = "sm_90"
ARCHS = ("sm_80", "sm_90", "sm_100")
BEGIN, END = "<!-- tools/cuda_compile.py --write: begin -->", "<!-- end -->"
SLOW_SECONDS = 20.0
ERROR_LINES = 20
VERSION = "0"  # csrc/cuda/backend.cu compares it with the core's; what it is does not matter here


@dataclasses.dataclass(frozen=True)
class Kernel:
    name: str  # of the body, e.g. relu<float>
    arch: str
    threads: int  # of a block; 0 where ptxas does not name them
    registers: int
    shared: int
    stack: int
    spill_stores: int
    spill_loads: int

    @property
    def spills(self) -> bool:
        return self.spill_stores + self.spill_loads > 0

    @property
    def warps(self) -> int:
        """Warps of whole blocks that a multiprocessor's 65536 registers allow, which are allocated by 8 a thread."""
        if self.registers == 0:  # of a function that is called, ptxas names none
            return 0
        block = max(self.threads, 32) // 32
        return min(64, 65536 // (32 * -(-self.registers // 8) * 8)) // block * block


@dataclasses.dataclass(frozen=True)
class Compiled:
    path: str
    seconds: float  # of processor time: the wall's depends on what else runs
    cached: bool
    failed: bool
    log: str  # what nvcc and ptxas print, demangled

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.log.splitlines() if re.search(r"\bwarning\b", line, re.IGNORECASE)]


def split(text: str) -> list[str]:
    """Splits at the commas outside of all brackets."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "(<[{") - (c in ")>]}")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts]


def inside(text: str, start: int) -> str:
    """The text between the bracket at `start` and its partner."""
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] in "(<[{") - (text[i] in ")>]}")
        if depth == 0:
            return text[start + 1 : i]
    return text[start + 1 :]


def without_parameters(function: str) -> str:
    """`void f<int>(float, long)` -> `f<int>`."""
    depth, end, start = 0, len(function), 0
    for i, c in enumerate(function):
        if c == "(" and depth == 0:
            end = i
            break
        if c == " " and depth == 0:
            start = i + 1
        depth += (c in "<") - (c in ">")
    return function[start:end]


def short_name(demangled: str) -> tuple[str, int]:
    """The body's name and the threads of a block, from the name of an instance of netlet::cuda::entry.

    >>> short_name("void netlet::cuda::entry<&(void netlet::cuda::relu<float>(A<float>, long)), 256, long>(long)")
    ('relu<float>', 256)
    """
    text = re.sub(r"\(anonymous namespace\)::|netlet::|cuda::", "", demangled)
    found = re.search(r"\bentry<", text)
    if not found:
        return without_parameters(text), 0
    body, threads, *_ = split(inside(text, found.end() - 1))
    body = body.lstrip("&")
    if body.startswith("("):
        body = inside(body, 0)
    return without_parameters(body), int(threads)


def parse(log: str) -> list[Kernel]:
    """The kernels, and the functions that are not inlined, in what `ptxas -v` prints, demangled."""
    kernels: list[Kernel] = []
    arch, entry = "", ""
    properties: dict[str, tuple[int, int, int]] = {}
    described = ""
    for line in log.splitlines():
        if found := re.search(r"Compiling entry function '(.*)' for '(\w+)'", line):
            entry, arch = found[1], found[2]
            properties = {}
        elif found := re.search(r"Function properties for (.*)$", line):
            described = found[1]
        elif found := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            stack, stores, loads = map(int, found.groups())
            properties[described] = stack, stores, loads
            if described != entry:
                kernels.append(Kernel(short_name(described)[0] + " (function)", arch, 0, 0, 0, stack, stores, loads))
        elif found := re.search(r"Used (\d+) registers", line):
            shared = re.search(r"(\d+) bytes smem", line)
            whole = re.search(r"(\d+) bytes cumulative stack", line)
            stack, stores, loads = properties.get(entry, (0, 0, 0))
            name, threads = short_name(entry)
            stack = int(whole[1]) if whole else stack
            kernels.append(
                Kernel(name, arch, threads, int(found[1]), int(shared[1]) if shared else 0, stack, stores, loads)
            )
    return kernels


def cuda_files() -> list[pathlib.Path]:
    return sorted({*CSRC.glob("**/*_cuda.cu"), *CSRC.glob("cuda/*.cu")})


def headers(path: pathlib.Path, seen: set[pathlib.Path]) -> set[pathlib.Path]:
    """The file and all it includes from csrc, also indirectly."""
    if path in seen:
        return seen
    seen.add(path)
    for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE):
        for folder in (path.parent, CSRC):
            if (folder / name).is_file():
                headers((folder / name).resolve(), seen)
                break
    return seen


def flags(archs: list[str]) -> list[str]:
    code = [f"-gencode=arch=compute_{a[3:]},code={a}" for a in archs]
    if len(archs) > 1:  # PTX of the newest, for GPUs that come later
        newest = archs[-1][3:]
        code.append(f"-gencode=arch=compute_{newest},code=compute_{newest}")
    return [
        "-std=c++20",
        "-O3",
        f"-I{CSRC}",
        "-Xptxas=-v",
        "-Werror=all-warnings",
        f'-DNETLET_BUILD="{VERSION}"',
        *code,
    ]


def compile_file(path: pathlib.Path, archs: list[str], compiler: str) -> Compiled:
    """Compiles a file, unless build/cuda-compile knows the result."""
    options = flags(archs)
    key = hashlib.sha256("\0".join([compiler, *options]).encode())
    for file in sorted(headers(path, set())):
        key.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    name = path.relative_to(ROOT).as_posix()
    stored = CACHE / f"{path.stem}-{key.hexdigest()[:24]}.json"
    if stored.exists():
        return Compiled(**{**json.loads(stored.read_text(encoding="utf-8")), "cached": True})
    object_file = stored.with_suffix(".fatbin")  # without the host code, whose errors nvcc finds all the same
    command = ["nvcc", *options, "-fatbin", str(path), "-o", str(object_file)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        log = subprocess.run(["c++filt"], stdin=output, stdout=subprocess.PIPE, text=True, check=True).stdout
    object_file.unlink(missing_ok=True)
    result = Compiled(name, used.ru_utime + used.ru_stime, False, process.returncode != 0, log)
    if not result.failed:
        for old in CACHE.glob(f"{path.stem}-*.json"):
            if json.loads(old.read_text(encoding="utf-8"))["path"] == name and old.stat().st_mtime < time.time() - 7e5:
                old.unlink()  # a week old
        stored.write_text(json.dumps(dataclasses.asdict(result)), encoding="utf-8")
    return result


def range_of(values: list[int]) -> str:
    return str(min(values)) if min(values) == max(values) else f"{min(values)} to {max(values)}"


def markdown(table: dict[str, list[Kernel]], compiler: str) -> str:
    """One row for each file and body; a template's instances together."""
    lines = [
        f"Compiled for {DEFAULT_ARCH} by {compiler}. A row stands for all instances of a template.",
        "",
        "| file | kernel | instances | threads of a block | registers | stack, bytes |",
        "|---|---|---|---|---|---|",
    ]
    for path, kernels in sorted(table.items()):
        groups: dict[str, list[Kernel]] = {}
        for k in kernels:
            groups.setdefault(k.name.split("<")[0], []).append(k)
        if not groups:
            lines.append(f"| `{path}` | none | | | | |")
        for name, same in sorted(groups.items()):
            columns = [range_of([getattr(k, f) for k in same]) for f in ("threads", "registers", "stack")]
            lines.append(f"| `{path}` | `{name}` | {len(same)} | {' | '.join(columns)} |")
    return "\n".join(lines)


def write_table(page: pathlib.Path, text: str) -> None:
    before, marker, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (marker and end):
        sys.exit(f"{page}: expected the lines {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def print_kernels(table: dict[str, list[Kernel]]) -> None:
    print(f"{'kernel':64s}{'arch':>8s}{'threads':>9s}{'registers':>11s}{'shared':>8s}{'stack':>7s}{'warps':>7s}")
    for path, kernels in sorted(table.items()):
        print(path)
        for k in kernels:
            name = k.name if len(k.name) <= 61 else k.name[:58] + "..."
            print(f"  {name:62s}{k.arch:>8s}{k.threads:9d}{k.registers:11d}{k.shared:8d}{k.stack:7d}{k.warps:7d}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", help="files or folders; default: all")
    parser.add_argument("--arch", action="append", help=f"default {DEFAULT_ARCH}; may be given several times")
    parser.add_argument("--all", action="store_true", help="all of " + ", ".join(ARCHS) + ", and PTX")
    parser.add_argument("--write", metavar="PAGE", help="the page whose table is replaced")
    parser.add_argument("--quiet", action="store_true", help="no line for each kernel")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="processes at once; default 2")
    options = parser.parse_args()
    if shutil.which("nvcc") is None:
        print("cuda_compile: there is no nvcc here; nothing is compiled")
        return 0
    archs = list(ARCHS) if options.all else options.arch or [DEFAULT_ARCH]
    if options.write and DEFAULT_ARCH not in archs:
        parser.error(f"--write needs {DEFAULT_ARCH}")
    chosen = [pathlib.Path(p).resolve() for p in options.paths] or [CSRC]
    files = [f for f in cuda_files() if any(f == c or c in f.parents for c in chosen)]
    version = subprocess.run(["nvcc", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"release ([\d.]+), V([\d.]+)", version)
    compiler = f"nvcc {found[2]}" if found else "nvcc"
    CACHE.mkdir(parents=True, exist_ok=True)

    start = time.perf_counter()
    results: list[Compiled] = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for result in pool.map(lambda f: compile_file(f, archs, compiler + version), files):
            results.append(result)
            if not result.cached:
                print(f"{result.seconds:6.1f} s  {result.path}", flush=True)
    table = {r.path: parse(r.log) for r in results if not r.failed}

    faults = []
    for r in results:
        if r.failed or r.warnings:
            said = [line for line in r.log.splitlines() if "ptxas info" not in line and "bytes stack frame" not in line]
            print(f"\n{r.path}:\n" + "\n".join(said[:ERROR_LINES]))
            faults.append(f"{r.path}: {'does not compile' if r.failed else 'warnings'}")
    faults += [
        f"{path}: {k.name} spills for {k.arch}: {k.spill_stores} bytes stored, {k.spill_loads} bytes loaded"
        for path, kernels in table.items()
        for k in kernels
        if k.spills
    ]
    if not options.quiet:
        print_kernels(table)
    if options.write and not faults:
        rows = {path: [k for k in kernels if k.arch == DEFAULT_ARCH] for path, kernels in table.items()}
        write_table(pathlib.Path(options.write), markdown(rows, compiler))
    compiled = [r for r in results if not r.cached]
    if slow := [r for r in compiled if r.seconds > SLOW_SECONDS]:
        print(
            f"more than {SLOW_SECONDS:.0f} s of processor time: "
            + ", ".join(f"{r.path} {r.seconds:.0f} s" for r in slow)
        )
    for fault in faults:
        print(f"cuda_compile: {fault}")
    print(
        f"cuda_compile: {len(files)} files, {sum(map(len, table.values()))} kernels for {', '.join(archs)}, "
        f"{len(compiled)} compiled in {time.perf_counter() - start:.0f} s ({sum(r.seconds for r in compiled):.0f} s of "
        f"processor time), {len(faults)} faults ({compiler})"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
