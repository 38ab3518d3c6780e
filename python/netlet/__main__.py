"""The command line: `netlet COMMAND`, or `python -m netlet COMMAND`."""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import os
import sys
import warnings
from typing import Any

from .version import __version__

# {command: its line in `netlet --help`}. Module `commands.<command>` has `add_arguments(parser)` and `run(options)`.
COMMANDS = {
    "run": "run a Keras script as it is: its imports of keras and tf.keras give netlet",
    "summary": "list the layers or arrays of a model file, and what else is in it",
    "quantize": "make a model's weights 8-bit or 4-bit numbers",
    "export": "convert a model file: the ending of the output chooses the format",
    "info": "print the version, processor, instruction set, threads and devices",
    "bench": "measure netlet's speed relative to NumPy on this machine",
    "verify": "check on this machine what netlet promises",
    "demo": "train a classifier of handwritten digits and save a plot of the results",
}
FAILURES = (OSError, ValueError, TypeError, ImportError, NotImplementedError, MemoryError)
_EPILOG = "`netlet COMMAND --help` explains a command with an example."


def main(arguments: list[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: those of the command line; default `sys.argv[1:]`.

    Returns:
        The exit status: 0; 1 if the command fails or `verify` finds an error; 2 for wrong arguments; 130 after Ctrl-C.
        `run` raises what its script raises, and `--debug` or NETLET_DEBUG=1 what any command raises.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options, command = _parsed(arguments)
    if options.command == "run":
        return int(command.run(options))
    try:
        with warnings.catch_warnings():
            warnings.showwarning = functools.partial(_show_warning, options.command)
            status = int(command.run(options) or 0)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _stop_writing()
        return 0
    except KeyboardInterrupt:
        print(f"netlet {options.command}: interrupted", file=sys.stderr)
        return 130
    except FAILURES as error:
        if options.debug or os.environ.get("NETLET_DEBUG", "0") not in ("", "0"):
            raise
        print(f"netlet {options.command}: error: {_in_one_line(error)}", file=sys.stderr)
        return 1


def _parsed(arguments: list[str]) -> tuple[argparse.Namespace, Any]:
    """The options, and the module of the command. Only the command's own module is imported."""
    parser = argparse.ArgumentParser(
        prog="netlet", description="A small neural network library with a native core.", epilog=_EPILOG
    )
    parser.add_argument("--version", action="version", version=f"netlet {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = next((a for a in arguments if not a.startswith("-")), "")
    command: Any = None
    for name, line in COMMANDS.items():
        if name != chosen:
            subparsers.add_parser(name, help=line)
            continue
        command = importlib.import_module(f".commands.{name}", __package__)
        own = subparsers.add_parser(
            name,
            help=line,
            description=f"{line[0].upper()}{line[1:]}.",
            epilog=command.EXAMPLE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(own)
        if name != "run":
            own.add_argument("--debug", action="store_true", help="show the traceback of an error")
    if not arguments:
        parser.print_help(sys.stderr)
        parser.exit(2)
    return parser.parse_args(arguments), command


def _show_warning(command: str, message: Any, *details: Any, **more: Any) -> None:
    print(f"netlet {command}: warning: {message}", file=sys.stderr)


def _in_one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def _stop_writing() -> None:
    """Makes the flush at the end of the process write nowhere, instead of into the closed pipe."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # standard output may be no real file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
