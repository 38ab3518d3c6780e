"""The command line as a whole: help, errors, pipes, exit statuses."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import netlet
from netlet.__main__ import COMMANDS, main
from support.child import run_child
from support.repo import ROOT


def test_help_lists_every_command_and_imports_nothing_large():
    code = """
        import sys
        from netlet.__main__ import main
        try:
            main(["--help"])
        except SystemExit as e:
            assert e.code == 0
        large = {"numpy", "h5py", "onnx", "netlet.models", "netlet.layers", "netlet.ops"} & set(sys.modules)
        print("large:", large or "none")
        """
    shown = run_child(code).stdout
    assert "large: none" in shown
    for name in COMMANDS:
        assert re.search(rf"^    {name} ", shown, re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_an_example(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    shown = capsys.readouterr().out
    assert f"usage: netlet {command}" in shown and re.search(rf"^examples?:\n  netlet {command}\b", shown, re.M)


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"netlet {netlet.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["summary"], ["quantize", "m.keras", "--mode", "int3"]])
def test_wrong_arguments_end_with_2(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: netlet" in capsys.readouterr().err


def test_an_error_is_one_line(capsys, monkeypatch):
    assert main(["summary", "no.keras"]) == 1
    assert capsys.readouterr() == ("", "netlet summary: error: no.keras: No such file or directory\n")
    with pytest.raises(FileNotFoundError):
        main(["summary", "no.keras", "--debug"])
    monkeypatch.setenv("NETLET_DEBUG", "1")
    with pytest.raises(FileNotFoundError):
        main(["summary", "no.keras"])


def test_ctrl_c(monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("netlet.commands.info.run", interrupted)
    assert main(["info"]) == 130
    assert capsys.readouterr().err == "netlet info: interrupted\n"


def test_a_closed_pipe_is_no_error():
    code = """
        import sys
        from netlet.commands import info
        info.run = lambda options: [print("x" * 1000) for _ in range(10_000)] and None
        from netlet.__main__ import main
        sys.exit(main(["info"]))
        """
    import textwrap

    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout.readline().startswith("xxx")
    child.stdout.close()
    assert child.stderr.read() == ""
    assert child.wait() == 0


def test_it_is_a_console_script():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '[project.scripts]\nnetlet = "netlet.__main__:main"\n' in text
