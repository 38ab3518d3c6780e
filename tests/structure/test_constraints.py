"""CI installs pinned versions, in .ci/constraints-<Python>.txt, and the release its tools by hash."""

from __future__ import annotations

import re

import pytest

from support.repo import ROOT

CI = ROOT / ".ci"
FILES = sorted(CI.glob("constraints-*.txt"))
RUN = (CI / "run").read_text(encoding="utf-8")
tomllib = pytest.importorskip("tomllib")
requirements = pytest.importorskip("packaging.requirements")


def pins(path):
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.+!]+", line) for line in lines), path
    found = dict(line.split("==") for line in lines)
    assert [*found] == sorted(found)
    return found


def wanted():
    """The requirements of the package, its build, its tests, its site, and of the linters."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = tables["project"]["optional-dependencies"]
    linters = (
        re.search(r"pip install --quiet (numpy.*?)\n\n", RUN, re.S)[1].replace("\\\n", " ").replace("'", "").split()
    )
    texts = [*tables["build-system"]["requires"], *tables["project"]["dependencies"], *extras["test"], *extras["docs"]]
    return [requirements.Requirement(text) for text in [*texts, *linters]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_requirement_is_pinned_to_a_version_that_it_allows(path):
    found, python = pins(path), path.stem.removeprefix("constraints-")
    for requirement in wanted():
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            version = found[requirement.name.lower().replace("_", "-")]
            assert requirement.specifier.contains(version, prereleases=True), requirement


def test_ci_uses_the_file_of_its_python():
    assert FILES
    assert ".ci/constraints-$(python3 -c" in RUN
    assert 'export PIP_CONSTRAINT="$constraints" PIP_BUILD_CONSTRAINT="$constraints"' in RUN


def test_the_release_installs_its_tools_by_hash():
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    installs = re.findall(r"pip install .*", workflow)
    assert installs == ["pip install --require-hashes -r .ci/release-tools.txt"] * 2
    lines = (CI / "release-tools.txt").read_text(encoding="utf-8").splitlines()[1:]
    assert all(re.fullmatch(r"[\w.-]+==\S+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)
    assert {"build", "twine", "auditwheel", "deflate"} <= {line.split("==")[0] for line in lines}
