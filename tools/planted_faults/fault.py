"""What a planted fault is."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Fault:
    """A small mistake that tests should find.

    Args:
        promise: number of the promise of docs/reliability.md that it breaks; 0 for agreement with Keras.
        what: the mistake in words.
        file: the file that has it, from the root of the repository.
        old, new: a text that occurs once in the file, and what replaces it.
        tests: files or folders of tests, one of which should fail.
        options: further arguments of pytest.
        compiled_by_tests: whether the tests compile the file themselves, so that the module need not be built again.
    """

    promise: int
    what: str
    file: str
    old: str
    new: str
    tests: str
    options: str = ""
    compiled_by_tests: bool = False

    @property
    def native(self) -> bool:
        """Whether the module must be built again."""
        return not self.file.endswith(".py") and not self.compiled_by_tests
