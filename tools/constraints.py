"""Writes the versions that CI installs: .ci/constraints-<Python>.txt and .ci/release-tools.txt.

    python tools/constraints.py              versions for .ci/run, with those of all that they require
    python tools/constraints.py --release    versions and hashes of the release workflow's tools, from the registry

The first are those of the environment that runs it, which has the dev and docs extras (CONTRIBUTING.md). To move to
newer ones, upgrade that environment, run the tests, and run this. Users are not limited: pyproject.toml has lower
bounds.
"""

from __future__ import annotations

import importlib.metadata
import json
import pathlib
import subprocess
import sys

import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = pathlib.Path(__file__).resolve().parent.parent
CI = ROOT / ".ci"
NOT_INSTALLED = {"netlet", "pip", "setuptools"}  # netlet itself, and what comes with an environment
# The workflow's Python and system (.github/workflows/release.yml): the hashes are those of its wheels.
RELEASE_TOOLS = ("build", "twine", "auditwheel", "deflate==0.9.0")
RELEASE_PYTHON = "3.13"
RELEASE_PLATFORMS = ("manylinux_2_39", "manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")


def roots() -> list[Requirement]:
    """What the package, its build and its extras for developers require."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = tables["project"]["optional-dependencies"]
    texts = [*tables["build-system"]["requires"], *tables["project"]["dependencies"]]
    return [Requirement(text) for text in [*texts, *extras["test"], *extras["docs"], *extras["dev"]]]


def versions() -> dict[str, str]:
    """{name: installed version} of all that the roots require, directly or not."""
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    todo = [(root, extra) for root in roots() for extra in ("", *root.extras)]
    while todo:
        requirement, extra = todo.pop()
        name = canonicalize_name(requirement.name)
        if name in NOT_INSTALLED or (name, extra) in seen:
            continue
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        seen.add((name, extra))
        found[name] = importlib.metadata.version(name)
        for text in importlib.metadata.requires(name) or ():
            child = Requirement(text)
            if child.marker is None or child.marker.evaluate({"extra": extra}):
                child.marker = None
                todo += [(child, e) for e in ("", *child.extras)]
    return found


def release_tools() -> list[str]:
    """Lines "name==version --hash=sha256:..." of the release's tools and all that they require."""
    platforms = [part for name in RELEASE_PLATFORMS for part in ("--platform", f"{name}_x86_64")]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", *platforms]
    command += ["--python-version", RELEASE_PYTHON, "--only-binary", ":all:", "--target", "nowhere", "--report", "-"]
    report = json.loads(subprocess.run([*command, *RELEASE_TOOLS], capture_output=True, text=True, check=True).stdout)
    lines = []
    for item in report["install"]:
        name, version = canonicalize_name(item["metadata"]["name"]), item["metadata"]["version"]
        lines.append(f"{name}=={version} --hash=sha256:{item['download_info']['archive_info']['hashes']['sha256']}\n")
    return sorted(lines)


def main(arguments: list[str]) -> None:
    if arguments == ["--release"]:
        target, lines = CI / "release-tools.txt", release_tools()
        header = f"# The release workflow's tools, for Python {RELEASE_PYTHON} on Linux x86-64"
    else:
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        target = CI / f"constraints-{python}.txt"
        lines = [f"{name}=={version}\n" for name, version in sorted(versions().items())]
        header = f"# What .ci/run installs with Python {python}; users are not limited to these versions"
    target.write_text(f"{header}. Written by tools/constraints.py.\n" + "".join(lines), encoding="utf-8")
    print(f"{target.relative_to(ROOT)}: {len(lines)} packages")


if __name__ == "__main__":
    main(sys.argv[1:])
