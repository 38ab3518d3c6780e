"""`training` and `saving` use a model's public methods; only own_fields.py reads the private fields of Trainer."""

from __future__ import annotations

import re

from support.repo import PACKAGE

PRIVATE = re.compile(r"\bmodel\._[a-z]\w*")


def private_reads(text: str) -> list[str]:
    return PRIVATE.findall(text)


def test_only_one_file_reads_a_models_private_fields():
    files = [*(PACKAGE / "training").glob("*.py"), *(PACKAGE / "saving").rglob("*.py")]
    assert len(files) > 30
    readers = {path.name for path in files if private_reads(path.read_text(encoding="utf-8"))}
    assert readers == {"own_fields.py"}


def test_a_planted_read_is_found():
    assert private_reads("step = self.model._steps.get(key)") == ["model._steps"]
