"""Measures everything on this machine and draws the pages of docs/benchmarks: python -m bench.report

    python -m bench.report                          all groups of this machine, about twenty minutes on two cores
    python -m bench.report --only training,memory   some of them
    python -m bench.report --only none              draws the pages and charts from the numbers at hand

Each group is one benchmark program, run with `--json docs/benchmarks/results/<machine>/<group>.json` (`runs.py`). The
page docs/benchmarks/<machine>.md has a section for each (`sections.py`), with its chart, table and command.
"""
