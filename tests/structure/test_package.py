"""The installed package: version, extras, typing marker, size; and the README's quick start."""

from __future__ import annotations

import importlib.metadata
import pathlib
import re
import shutil
import subprocess
import tempfile
import zlib

import pytest

import netlet
from support.child import ADDRESS_SANITIZER
from support.repo import ROOT


@pytest.fixture(scope="module")
def distribution():
    try:
        return importlib.metadata.distribution("netlet")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("netlet is on the path but not installed (a developer's build folder)")


def test_version_and_requirements(distribution):
    assert netlet.__version__ == distribution.version
    assert distribution.metadata["Requires-Python"] == ">=3.10"
    assert distribution.metadata["License-Expression"] == "Apache-2.0"
    needed = [r for r in distribution.requires if "extra ==" not in r]
    assert {re.match(r"[\w-]+", r)[0] for r in needed} == {"numpy", "safetensors"}


def test_extras(distribution):
    assert set(distribution.metadata.get_all("Provides-Extra")) >= {"demo", "plot", "test", "dev", "bench"}
    test = {re.match(r"[\w-]+", r)[0] for r in distribution.requires if 'extra == "test"' in r}
    assert test >= {"pytest", "hypothesis", "scikit-learn", "scipy", "keras", "jax", "onnx"}
    assert not any("torch" in r or "tensorflow" in r for r in distribution.requires)


def as_in_a_wheel(path):
    """The bytes of a file after `install.strip` (pyproject.toml); where there is no `strip`, as they are."""
    if path.suffix != ".so" or shutil.which("strip") is None:
        return path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["strip", "-o", f"{folder}/stripped", path], check=True)
        return pathlib.Path(folder, "stripped").read_bytes()


def test_files_of_the_package():
    root = pathlib.Path(netlet.__file__).parent
    cores = [*root.glob("_core*.so"), *root.glob("_core*.pyd")] or [pathlib.Path(netlet._core.__file__)]
    assert len(cores) == 1
    assert (root / "py.typed").exists()
    assert (root / "_core.pyi").exists()
    # A wheel, which is compressed, takes at most 8 MB. It holds the module without symbols; a developer's build has
    # them, and the simulated GPU beside the package.
    files = [p for p in root.rglob("*") if p.is_file() and p.suffix != ".pyc" and p.stem != "_netlet_sim"]
    assert ADDRESS_SANITIZER or sum(len(zlib.compress(as_in_a_wheel(p))) for p in files) <= 8 * 10**6
    assert not [p for p in root.rglob("*") if p.suffix in {".cpp", ".h", ".def", ".o"}]


def test_every_public_module_has_a_docstring():
    for path in sorted((ROOT / "python" / "netlet").rglob("*.py")):
        text = path.read_text(encoding="utf-8").lstrip()
        assert not text or text.startswith(('"""', "#!")), f"{path.relative_to(ROOT)} does not say what it is"


def quick_start() -> str:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.search(r"^## Quick start\n(.*?)^## ", readme, re.MULTILINE | re.DOTALL)[1]


def test_quick_start_is_two_commands_and_ci_runs_the_second():
    blocks = re.findall(r"^```sh\n(.*?)^```", quick_start(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    assert all(block.count("\n") == 1 for block in blocks), "each block is one command line"
    assert "netlet demo" in blocks[0]
    assert "pytest" in blocks[1]
    assert blocks[1].strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_readme_links_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
