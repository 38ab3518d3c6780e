"""The command line: `python -m netlet demo | bench | verify | info`."""

from __future__ import annotations

import argparse
import sys


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m netlet", description="A small neural network library with a native core."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="demo | bench | verify | info")
    demo = commands.add_parser("demo", help="learn to read digits, and draw what came of it")
    demo.add_argument("--epochs", type=int, default=60, help="at most so many epochs (default: %(default)s)")
    demo.add_argument("--seed", type=int, default=0, help="of the split, the initial weights and the shuffling")
    demo.add_argument("--output", default="netlet_demo.png", help="where the picture goes (default: %(default)s)")
    bench = commands.add_parser("bench", help="measure this machine: ratios against NumPy")
    bench.add_argument(
        "--seconds", type=float, default=0.2, help="spent on each side of each row (default: %(default)s)"
    )
    verify = commands.add_parser("verify", help="check on this machine what docs/numerics.md promises")
    verify.add_argument("--exhaustive", action="store_true", help="all 2^32 values of float32: minutes a function")
    verify.add_argument("--functions", default="", metavar="NAME,...", help="only these vector functions")
    commands.add_parser("info", help="version, processor, instruction set, threads")
    options = parser.parse_args(arguments)
    if options.command == "demo":
        from .commands.demo import main as run_demo

        try:
            run_demo(epochs=options.epochs, seed=options.seed, output=options.output)
        except ImportError as e:  # says which extra is missing
            print(f"error: {e}", file=sys.stderr)
            return 1
    elif options.command == "bench":
        from .commands.bench import main as run_bench

        run_bench(seconds=options.seconds)
    elif options.command == "verify":
        from .commands.verify import main as run_verify

        try:
            return 1 if run_verify(options.exhaustive, options.functions) else 0
        except ValueError as e:
            print(f"error: {e}", file=sys.stderr)
            return 2
    else:
        from .commands.info import main as run_info

        run_info()
    return 0


if __name__ == "__main__":
    sys.exit(main())
