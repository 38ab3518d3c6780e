"""The hashes of small trainings by which tests notice that netlet computes other bits than before.

    python tools/hashes.py            compares the workloads of tests/support/workloads.py with the table
    python tools/hashes.py --write    writes the hashes of this CPU's instruction sets into the table

The table is tests/reproducibility/hashes.json. Hashes of instruction sets that this CPU lacks stay as they are. After
`--write`, put the line that it prints into CHANGELOG.md: a test compares both. Without `--write`, the exit status is 1
if a hash differs.
"""

from __future__ import annotations

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))

from support import bits, workloads


def main(write: bool) -> int:
    recorded, differs = bits.table() if bits.TABLE.exists() else {}, False
    for isa in bits.base_isas():
        found, known = workloads.hashes(isa), recorded.get(isa)
        for name in found:
            state = "not on record" if known is None or name not in known else "same"
            if state == "same" and known[name] != found[name]:
                state, differs = "differs", True
            print(f"{isa:8} {name:14} {found[name][:16]} {state}")
        recorded[isa] = found
    if write:
        bits.TABLE.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(f"\nCHANGELOG.md needs this line:\n- {bits.changelog_line(recorded)}")
    return int(differs and not write)


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
