"""The lists that training and evaluation read: which clip is of which class."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from common.errors import InputError
from video.io import open_video

CLASSES_NAME, TRAIN_NAME, VALIDATION_NAME = "classes.txt", "trainlist.txt", "vallist.txt"


class Example(NamedTuple):
    """A clip's `path`, its `label` (index of its class) and `where` it is listed, for error messages."""

    path: Path
    label: int
    where: str


def read_classes(folder):
    """Class names in order, one per line of `folder`/classes.txt, or None without that file.

    Raises InputError for an empty file or a name given twice.
    """
    path = Path(folder) / CLASSES_NAME
    return read_names(path) if path.exists() else None


def read_names(path):
    """Class names in order, one per line of a file.

    Raises InputError for a file that cannot be read or is empty, or a name given twice.
    """
    names = [line.strip() for line in _lines(Path(path)) if line.strip()]
    if not names:
        raise InputError(f"{path} is empty; write one class per line")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InputError(f"{path} names the class {twice[0]!r} twice")
    return names


def read_list(path, num_class):
    """The `Example`s of a list file, a line ``path class_index`` each.

    The index is what follows the last space, so paths may hold spaces. A relative path is looked for from the current
    directory, then from the folder that holds the list's folder. Blank lines are skipped.

    Raises InputError, naming file and line, for a line without a usable index, a missing clip or an empty list.
    """
    path = Path(path)
    examples = [_example(path, number, line, num_class) for number, line in enumerate(_lines(path), 1) if line.strip()]
    if not examples:
        raise InputError(f"{path} lists no clip; write lines of the form: path class_index (generate_64.py does)")
    return examples


def check_clips(examples, workers=4):
    """Open every clip and decode its first frame, with `workers` threads.

    Returns (N,) list of each clip's number of frames as its header says, None where it does not.
    Raises InputError for the first clip that cannot be read, naming list and line and saying how many more there are.
    """
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(_frame_count, examples))
    errors = [answer for answer in found if isinstance(answer, InputError)]
    if errors:
        more = f" ({len(errors) - 1} more clips cannot be read)" if len(errors) > 1 else ""
        raise InputError(f"{errors[0]}{more}")
    return found


def _lines(path):
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); generate_64.py writes it; --lists names its folder") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text; save it as such") from None


def _example(path, number, line, num_class):
    where = f"{path}, line {number}"
    name, _, index = line.rstrip().rpartition(" ")
    if not name or not index.isascii() or not index.isdigit():
        raise InputError(f"{where}: {line.strip()!r} is not of the form: path class_index")
    if int(index) >= num_class:
        raise InputError(f"{where}: class index {index}, but there are {num_class} classes (0 to {num_class - 1})")
    clip = _find(name, path)
    if clip is None:
        raise InputError(f"{where}: there is no clip {name}; correct the line, or run generate_64.py again")
    return Example(clip, int(index), where)


def _find(name, path):
    for place in (Path(name), path.resolve().parent.parent / name):
        if place.is_file():
            return place
    return None


def _frame_count(example):
    try:
        with open_video(example.path) as reader:
            return reader.frame_count
    except InputError as error:
        return InputError(f"{example.where}: {error}")
