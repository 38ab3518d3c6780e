"""The command line: `python -m netlet run | demo | bench | verify | info`."""

from __future__ import annotations

import argparse
import sys


def main(arguments: list[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: those of the command line; default `sys.argv[1:]`.

    Returns:
        The exit status: 0; 1 if a package is missing or `verify` finds an error; 2 for wrong arguments. `run` raises
        what its script raises.
    """
    parser = argparse.ArgumentParser(
        prog="python -m netlet", description="A small neural network library with a native core."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="run | demo | bench | verify | info")
    run = commands.add_parser("run", help="run a Keras script as it is: its imports of keras and tf.keras give netlet")
    run.add_argument("--report", action="store_true", help="first list the Keras names it uses, and which are missing")
    run.add_argument("script", help="path of the script")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the script")
    demo = commands.add_parser("demo", help="train a classifier of handwritten digits and save a plot of the results")
    demo.add_argument("--epochs", type=int, default=60, help="maximum number of epochs (default: %(default)s)")
    demo.add_argument(
        "--seed",
        type=int,
        default=0,
        help="seed of the split, weights and shuffling (default: %(default)s)",
    )
    demo.add_argument("--output", default="netlet_demo.png", help="file of the plot (default: %(default)s)")
    bench = commands.add_parser("bench", help="measure netlet's speed relative to NumPy on this machine")
    bench.add_argument(
        "--seconds", type=float, default=0.2, help="time for netlet and for NumPy per row (default: %(default)s)"
    )
    verify = commands.add_parser("verify", help="check the guarantees of docs/numerics.md on this machine")
    verify.add_argument("--exhaustive", action="store_true", help="all 2^32 values of float32; minutes per function")
    verify.add_argument("--functions", default="", metavar="NAME,...", help="check only these vector functions")
    commands.add_parser("info", help="print the version, processor, instruction set and threads")
    options = parser.parse_args(arguments)
    if options.command == "run":
        from .commands.run import main as run_script

        return run_script(options.script, options.arguments, options.report)
    if options.command == "demo":
        from .commands.demo import main as run_demo

        try:
            run_demo(epochs=options.epochs, seed=options.seed, output=options.output)
        except ImportError as e:  # the message names the missing extra
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
