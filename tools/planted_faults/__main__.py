"""`python -m tools.planted_faults`: see the package."""

from __future__ import annotations

import argparse
import sys

from . import FAULTS, __doc__, worktree


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="NUMBER,...", help="promises, default all")
    parser.add_argument("--python", action="store_true", help="only faults in Python files")
    options, cmake = parser.parse_known_args()
    promises = {int(number) for number in options.only.split(",") if number}
    chosen = [f for f in FAULTS if (not promises or f.promise in promises) and not (options.python and f.native)]
    worktree.make()
    try:
        lost = [fault for fault in chosen if not worktree.has_place(fault)]
        for fault in lost:
            print(f"not exactly once in {fault.file}: {fault.old}")
        if lost:
            return 1
        if any(fault.native for fault in chosen) or not worktree.link_module():
            worktree.configure(*cmake)
        worktree.check_import()
        survivors = 0
        for fault in chosen:
            found = worktree.plant(fault)
            survivors += found is None
            print(f"{fault.promise:2} | {fault.what:75} | {found or 'SURVIVES ' + fault.tests}", flush=True)
        print(f"{len(chosen) - survivors} of {len(chosen)} faults are found")
        return 1 if survivors else 0
    finally:
        worktree.remove()


if __name__ == "__main__":
    sys.exit(main())
