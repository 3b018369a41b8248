"""Command-line plumbing that every script shares. Imports nothing heavy: ``--help`` must answer at once."""

import argparse
import os
import sys
from pathlib import Path

from common.errors import InputError


def run(main):
    """Run a script's `main()` and exit: 0, 1 with one ``error:`` line for bad input, 130 for Ctrl-C.

    `main` may return an exit code of its own; None means 0.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        code = main() or 0
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


class _Help(argparse.RawDescriptionHelpFormatter):
    """The docstring as it is written; a flag's default behind its help where it says something."""

    def _get_help_string(self, action):
        silent = action.default is None or isinstance(action.default, bool) or action.default == argparse.SUPPRESS
        return action.help if silent or "default" in action.help else f"{action.help} (default %(default)s)"


def script_parser(docstring):
    """An ArgumentParser that shows a script's docstring and every flag's default."""
    return argparse.ArgumentParser(description=docstring, formatter_class=_Help)


def bundled(path):
    """A flag's default that the project brings: `path` where it leads somewhere from here, else the project's own, from any folder."""
    return path if os.path.exists(path) else str(Path(__file__).resolve().parents[1] / path)


def boolean(text):
    """argparse type for ``--batch True`` and ``--batch False``."""
    if text.casefold() in {"true", "yes", "1"}:
        return True
    if text.casefold() in {"false", "no", "0"}:
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither True nor False")


def fraction(text):
    """argparse type for a number from 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def positive_int(text):
    """argparse type for a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value
