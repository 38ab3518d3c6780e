"""How releases are made: .github/workflows/release.yml, [tool.cibuildwheel], tools/check_wheels.py agree, and the
checker finds what it is for."""

from __future__ import annotations

import importlib.util
import re
import zipfile

import pytest

from support.repo import ROOT

tomllib = pytest.importorskip("tomllib")
WORKFLOW = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check_wheels = tool("check_wheels")
build_wheels = tool("build_wheels")


def job(name):
    return re.search(rf"^  {name}:\n(.*?)(?=^  \w|\Z)", WORKFLOW, re.MULTILINE | re.DOTALL)[1]


def test_every_action_is_pinned_to_a_commit_and_says_its_version():
    uses = re.findall(r"uses: (.*)", WORKFLOW)
    assert len(uses) >= 8
    for line in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", line), line


def test_only_the_last_job_may_publish_and_only_a_release():
    assert "permissions:\n  contents: read\n" in WORKFLOW
    assert WORKFLOW.count("id-token: write") == job("publish").count("id-token: write") == 1
    assert "if: github.event_name == 'release'" in job("publish")
    assert "needs: [check]" in job("publish")
    assert "needs: [sdist, wheels]" in job("check")
    assert "attestations: true" in job("publish")
    assert "name: checked\n" in job("publish"), "what `check` packed and found good is uploaded, nothing else"
    assert "secrets." not in WORKFLOW


def test_the_pythons_are_the_same_everywhere():
    chosen = [name.removesuffix("-*") for name in PROJECT["tool"]["cibuildwheel"]["build"]]
    assert chosen == [python.split("-")[1] for python in check_wheels.PYTHONS]
    numbers = [f"3.{name.removeprefix('cp3')}" for name in chosen]
    assert list(build_wheels.OLDEST_NUMPY) == numbers
    assert PROJECT["project"]["requires-python"] == f">={numbers[0]}"
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert classified == [n for n in numbers if not n.endswith("t")]


def test_the_oldest_numpy_of_each_python_is_what_the_package_requires():
    markers = pytest.importorskip("packaging.requirements")
    for python, oldest in build_wheels.OLDEST_NUMPY.items():
        required = [
            r.specifier
            for r in map(markers.Requirement, PROJECT["project"]["dependencies"])
            if r.name == "numpy" and r.marker.evaluate({"python_version": python.rstrip("t")})
        ]
        assert len(required) == 1, python
        assert oldest in required[0]
        assert str(required[0]) == ">=" + (oldest.removesuffix(".0") if oldest.count(".") == 2 else oldest)


def test_each_platform_has_a_job():
    assert re.findall(r"runner: ([\w.-]+),", WORKFLOW) == [
        "ubuntu-24.04",
        "ubuntu-24.04",
        "ubuntu-24.04-arm",
        "ubuntu-24.04-arm",
        "macos-15",
        "windows-2025",
    ]
    assert len(check_wheels.PLATFORMS) == 6


NAME = "netlet-{}-cp313-cp313-{}.whl"
FILES = {"netlet/_core.cp313-win_amd64.pyd": b"", "netlet/py.typed": b"", "netlet/_core.pyi": b""}


def wheel(folder, name, files):
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return path


def test_a_good_wheel_has_no_faults(tmp_path):
    good = wheel(tmp_path, NAME.format(check_wheels.version(), "win_amd64"), FILES)
    assert check_wheels.faults(good) == []
    assert check_wheels.main([str(tmp_path)]) == 0
    assert check_wheels.main([str(tmp_path), "--complete"]) == 1
    missing = check_wheels.missing(tmp_path)
    assert len(missing) == 6 * 6 - 1 + 1
    assert "cp313-cp313 for Windows AMD64" not in missing
    assert "cp314-cp314t for macOS arm64" in missing


@pytest.mark.parametrize(
    ("version", "tag", "files", "message"),
    [
        ("9.9", "win_amd64", FILES, "expected version"),
        (None, "win32", FILES, "expected one of manylinux x86_64"),
        (None, "macosx_14_0_arm64", FILES, "expected one of manylinux x86_64"),
        (None, "win_amd64", FILES | {"netlet/big": bytes(8 * 10**6 + 1)}, "expected at most 8 MB"),
        (None, "win_amd64", FILES | {"netlet/gemm.cpp": b""}, "gemm.cpp does not belong there"),
        (None, "win_amd64", FILES | {"netlet/_core.abi.so": b""}, "expected one module"),
        (None, "win_amd64", {n: b"" for n in FILES if "typed" not in n}, "py.typed is missing"),
    ],
)
def test_a_bad_wheel_is_found(tmp_path, version, tag, files, message):
    bad = wheel(tmp_path, NAME.format(version or check_wheels.version(), tag), files)
    assert [fault for fault in check_wheels.faults(bad) if message in fault]
    assert check_wheels.main([str(tmp_path)]) == 1


def test_a_linux_wheel_for_newer_systems_is_found(tmp_path):
    newer = wheel(tmp_path, NAME.format(check_wheels.version(), "manylinux_2_34_x86_64"), FILES)
    assert check_wheels.platform_of(newer) is None
    named = newer.with_name(NAME.format(check_wheels.version(), "manylinux_2_27_x86_64.manylinux_2_28_x86_64"))
    assert check_wheels.platform_of(named) == "manylinux x86_64"


def test_a_packed_wheel_holds_the_same_and_is_smaller(tmp_path):
    pytest.importorskip("deflate", reason="libdeflate is not installed")
    pack_wheel = tool("pack_wheel")
    path = tmp_path / "some.whl"
    text = WORKFLOW.encode() * 3
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        executable = zipfile.ZipInfo("netlet/module.so", (2020, 1, 2, 3, 4, 6))
        executable.external_attr = 0o100755 << 16
        executable.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(executable, text)
        archive.writestr(zipfile.ZipInfo("netlet/empty"), b"")
        archive.writestr(zipfile.ZipInfo("netlet/stored"), b"as it is")
    before = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        entries = [(e.filename, e.date_time, e.external_attr, e.compress_type, e.CRC) for e in archive.infolist()]
    pack_wheel.pack(path)
    assert path.stat().st_size < before
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read("netlet/module.so") == text
        packed = [(e.filename, e.date_time, e.external_attr, e.compress_type, e.CRC) for e in archive.infolist()]
    assert packed == entries
    bits = path.read_bytes()
    pack_wheel.pack(path)
    assert path.read_bytes() == bits
    assert list(tmp_path.iterdir()) == [path]
