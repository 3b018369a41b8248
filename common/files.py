"""Files that are either complete or absent, and names in the order a person would sort them."""

import hashlib
import json
import os
import re
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writing(path):
    """Yield a temporary path beside `path`; it takes the final name when the block ends without an error.

    The temporary name keeps the suffix (libraries choose the format by it). On an error it is removed,
    and whatever stood at `path` before stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path, text):
    """Write `text` (UTF-8, line ends kept) to `path`, complete or not at all."""
    with writing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_json(path, value):
    """Write `value` as indented JSON, complete or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def natural_key(name):
    """Sort key that counts numbers as numbers: a2 before a10; equal otherwise decided by the plain text."""
    text = str(name)
    parts = re.split(r"([0-9]+)", text.casefold())
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], text


def sha256(path):
    """Hexadecimal SHA-256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_beside(folder):
    """The `Path` where files made from those in `folder` may be kept.

    That is `folder` itself, or, where it is not to be written, a folder of its own below ``$XDG_CACHE_HOME/action_recognition``
    (``~/.cache/action_recognition``).
    """
    folder = Path(folder).resolve()
    # A folder whose mode forbids writing is meant to stay as it is, although root could write there all the same.
    if os.access(folder, os.W_OK) and folder.stat().st_mode & 0o222:
        return folder
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "action_recognition" / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
