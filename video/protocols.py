"""Data sets as they were published: the class, the recording and the side of every video."""

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from common.errors import InputError
from common.files import natural_key, sha256
from video.io import SUFFIXES
from video.lists import Example
from video.split import split_clips

UCF101_GROUP = re.compile(r"_(g[0-9]+)_c[0-9]+$")  # v_Archery_g01_c02: group 1, clip 2


class Clip(NamedTuple):
    """An `Example` and the recording (`group`) it was cut from: clips of one recording never go to different sides."""

    example: Example
    group: str


class Protocol(NamedTuple):
    """A data set: `classes` (names in order), `train` and `test` (lists of `Clip`), and `digests` {what: SHA-256}."""

    classes: list
    train: list
    test: list
    digests: dict


def ucf101(data, splits, split, wanted=None):
    """The `Protocol` of UCF-101 (arXiv 1212.0402) by its official lists.

    Args:
        data: folder with <Class>/v_<Class>_gNN_cNN.avi. Whether a listed video is there is not looked at here.
        splits: folder with classInd.txt, trainlist0N.txt and testlist0N.txt.
        split: 1, 2 or 3.
        wanted: see `choose_classes`.

    Raises InputError where a list cannot be read or contradicts another.
    """
    files = [Path(splits) / name for name in ("classInd.txt", f"trainlist0{split}.txt", f"testlist0{split}.txt")]
    known = _class_index(files[0])
    classes = choose_classes(known, wanted, files[0])
    train, test = ([clip for clip in _ucf101_list(file, Path(data), known, classes) if clip] for file in files[1:])
    return Protocol(classes, train, test, {str(file): sha256(file) for file in files})


def folders(data, recording=None, held_out=(), wanted=None):
    """The `Protocol` of a folder of class folders, with the recordings named in `held_out` as the test side.

    Args:
        data: folder with <class>/…/<video>, at any depth.
        recording: function (video's name without suffix, its path) -> recording, as `video.split.group_by` gives it. None: the
            folder between the class folder and the video (UCF-11: <class>/<group>/<video>.mpg), or else the video itself.
        held_out: names of recordings.
        wanted: see `choose_classes`.

    Raises InputError for a folder without videos, or a name in `held_out` that no video has.
    """
    data = Path(data)
    known = [path.name for path in _subfolders(data)]
    if not known:
        raise InputError(f"no class folders in {data}; --data names a folder with <class>/<video>")
    classes = choose_classes(known, wanted, data)
    clips = [_clip(data, path, label, recording) for label, name in enumerate(classes) for path in _videos(data / name)]
    groups = sorted({clip.group for clip in clips}, key=natural_key)
    if unknown := [name for name in held_out if name not in groups]:
        raise InputError(f"--held-out {unknown[0]}: no video is of this recording; there are {_some(groups)}")
    train, test = ([clip for clip in clips if (clip.group in held_out) == side] for side in (False, True))
    listing = "\n".join(f"{clip.example.path.relative_to(data).as_posix()} {clip.group}" for clip in clips)
    return Protocol(classes, train, test, {f"the listing of {data}": hashlib.sha256(listing.encode()).hexdigest()})


def choose_classes(known, wanted, source):
    """Names of the classes to use, in order: all of `known`, its first N for ``["N"]``, or the names in `wanted`.

    Raises InputError for a number there are not enough classes for, or a name that `source` does not have.
    """
    if not wanted:
        return list(known)
    if len(wanted) == 1 and wanted[0].isdecimal() and wanted[0] not in known:
        if not 2 <= int(wanted[0]) <= len(known):
            raise InputError(f"--classes {wanted[0]}: {source} has {len(known)} classes; give a number from 2 to that, or names")
        return list(known[: int(wanted[0])])
    if unknown := [name for name in wanted if name not in known]:
        raise InputError(f"--classes {unknown[0]}: {source} has no such class; it has {_some(known)}")
    if len(set(wanted)) < max(len(wanted), 2):
        raise InputError("--classes needs two different names or more")
    return list(wanted)


def cut_validation(clips, fraction, seed):
    """`clips` as (training, validation), lists of `Clip`: about `fraction` of each class, by whole recordings, chosen by `seed`."""
    if not clips or not fraction:
        return clips, []
    chosen = split_clips([(clip.example.path, clip.example.label, clip.group) for clip in clips], fraction, seed)
    return tuple([clip for clip in clips if (clip.group in chosen) == side] for side in (False, True))


def _class_index(path):
    names = []
    for number, line in _lines(path):
        index, _, name = line.partition(" ")
        if index != str(len(names) + 1) or not name:
            raise InputError(f"{path}, line {number}: {line!r} is not of the form: {len(names) + 1} ClassName")
        names.append(name)
    return names


def _ucf101_list(path, data, known, classes):
    """Yield the `Clip` of each line ``Class/video.avi [index]``, None for one of another class than `classes`."""
    for number, line in _lines(path):
        name, _, index = line.partition(" ")
        label, _, video = name.partition("/")
        group = UCF101_GROUP.search(Path(video).stem)
        if label not in known or not group or index not in ("", str(known.index(label) + 1)):
            raise InputError(f"{path}, line {number}: {line!r} is not of the form: Class/v_Class_g01_c01.avi, with a class of classInd.txt")
        where = f"{path}, line {number}"
        yield Clip(Example(data / name, classes.index(label), where), f"{label}/{group[1]}") if label in classes else None


def _clip(data, path, label, recording):
    between = path.relative_to(data).parts[1:-1]
    group = recording(path.stem, str(path)) if recording else between[0] if between else path.stem
    return Clip(Example(path, label, str(data)), group)


def _lines(path):
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); --splits names the folder of the official lists") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text; fetch the official list again") from None
    return [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]


def _subfolders(folder):
    if not folder.is_dir():
        raise InputError(f"no folder {folder}; --data names the folder that holds a folder per class")
    return sorted((path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")), key=natural_key)


def _videos(folder):
    inside = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted((path for path in inside if not any(part.startswith(".") for part in path.relative_to(folder).parts)), key=natural_key)


def _some(names):
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
