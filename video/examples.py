"""Tracks and examples: the folders of pictures between extract_frames.py and generate_64.py.

A track is `<video>/<track id>/<frame>.jpg`, all pictures of one person. An example is `<class>/<video>_<track id>_<first>-<last>/`,
64 to 80 consecutive pictures of a track (hard links), with `example.json`, which remembers the recording. Whatever starts with a
dot is unfinished and looked at by nobody.
"""

import filecmp
import json
import os
import re
import shutil
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from common.errors import InputError
from common.files import natural_key, write_json

MIN_FRAMES = 64  # what the recognition networks look at
MAX_FRAMES = 80
SHORT_FRAMES = 16  # below that an action can hardly be told
MAX_GAP = 2  # missing frames that do not yet end a run

_NAME = re.compile(r"(?P<video>.+)_(?P<track>[0-9]+)_(?P<first>[0-9]+)-(?P<last>[0-9]+)", re.DOTALL)


@dataclass(frozen=True)
class Track:
    """All pictures of one person in one video, as extract_frames.py left them."""

    video: str
    track_id: int
    folder: Path

    @cached_property
    def pictures(self):
        """{frame number: path}, ascending."""
        return {int(path.stem): path for path in pictures(self.folder)}

    @cached_property
    def recording(self):
        """What video.json says of the video (source, fps, width, height); empty for pictures cut by other means."""
        return read_json(self.folder.parent / "video.json")


@dataclass(frozen=True)
class Example:
    """Frames of a track that are to become, or are, one example of class `label`."""

    label: str
    track: Track
    frames: tuple

    @property
    def name(self):
        return f"{self.track.video}_{self.track.track_id}_{self.frames[0]}-{self.frames[-1]}"


@dataclass(frozen=True)
class Stored:
    """An example folder as its place and name tell it."""

    folder: Path
    video: str
    track_id: int
    first: int
    last: int

    @property
    def label(self):
        return self.folder.parent.name

    @cached_property
    def about(self):
        """What example.json says (see group_frames.py); empty for an example made by other means."""
        return read_json(self.folder / "example.json")


def runs(frames):
    """Split ascending frame numbers wherever more than MAX_GAP frames are missing in a row."""
    ends = [i for i in range(1, len(frames)) if frames[i] - frames[i - 1] > MAX_GAP + 1]
    return [frames[start:end] for start, end in pairwise([0, *ends, len(frames)]) if end > start]


def cut(run, keep_short=False):
    """Cut a run into as many examples of MIN_FRAMES to MAX_FRAMES frames as fit, as equally long as can be.

    No other cut loses fewer frames. What must be lost (a run of 100 has one example of 80) goes in equal parts at both ends, where a
    person enters and leaves the picture. `keep_short` makes a run of SHORT_FRAMES to MIN_FRAMES - 1 one example.
    """
    count = len(run) // MIN_FRAMES
    if not count:
        return [run] if keep_short and len(run) >= SHORT_FRAMES else []
    used = min(len(run), count * MAX_FRAMES)
    start = (len(run) - used) // 2
    return [run[a:b] for a, b in pairwise(start + used * i // count for i in range(count + 1))]


def cut_track(track, label, keep_short=False, first=0, last=float("inf")):
    """The examples of class `label` in the frames `first` to `last` of a track."""
    frames = [number for number in track.pictures if first <= number <= last]
    return [Example(label, track, tuple(part)) for run in runs(frames) for part in cut(run, keep_short)]


def find_tracks(folder, videos=("*",), classes=()):
    """All tracks below `folder`, in natural order, of the videos whose names match one of the patterns.

    A video is a folder with folders whose names are numbers. Folders named like one of `classes` hold examples and are left out.
    Raises InputError where there is none.
    """
    if not Path(folder).is_dir():
        raise InputError(f"there is no folder {folder}; --input takes the folder that extract_frames.py wrote into")
    tracks = []
    for video in subfolders(folder):
        if video.name in classes or not any(video.name == pattern or fnmatchcase(video.name, pattern) for pattern in videos):
            continue
        tracks += [Track(video.name, int(sub.name), sub) for sub in subfolders(video) if re.fullmatch("[0-9]+", sub.name)]
    if not tracks:
        named = "" if tuple(videos) == ("*",) else f" of videos named {' or '.join(videos)}"
        raise InputError(f"no tracks{named} in {folder}; --input takes the folder that extract_frames.py wrote into")
    return tracks


def find_track(tracks, track_id):
    """The one track with this id; InputError where there is none, or several."""
    found = [track for track in tracks if track.track_id == track_id]
    if not found:
        ids = sorted(track.track_id for track in tracks)
        raise InputError(f"there is no track {track_id} (there are {len(ids)}, from {ids[0]} to {ids[-1]})")
    if len(found) > 1:
        raise InputError(f"track {track_id} is both in {found[0].video} and in {found[1].video}; choose one with --videos")
    return found[0]


def find_examples(folder):
    """All examples in the class folders below `folder`, in natural order."""
    return [example for label in subfolders(folder) for example in label_examples(label)]


def label_examples(folder):
    """The examples in one class folder, in natural order: its folders with a name of the form <video>_<track>_<first>-<last>."""
    matches = [(sub, _NAME.fullmatch(sub.name)) for sub in subfolders(folder)]
    return [Stored(sub, m["video"], int(m["track"]), int(m["first"]), int(m["last"])) for sub, m in matches if m]


def subfolders(folder):
    """The folders in `folder` in natural order, hidden ones left out; none where there is no such folder."""
    if not Path(folder).is_dir():
        return []
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    return [Path(folder) / name for name in sorted(names, key=natural_key)]


def pictures(folder):
    """The pictures of a track or example in the order of their frame numbers."""
    names = [name for name in os.listdir(folder) if re.fullmatch("[0-9]+[.]jpg", name)]
    return [Path(folder) / name for name in sorted(names, key=lambda name: int(name[:-4]))]


def read_json(path):
    """The object in a JSON file, {} where there is no file; InputError where it is not one."""
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InputError(f"{path} is damaged; delete the folder it is in and make that again")
    return value


def link(source, target):
    """Make `target` a hard link to `source`, or a copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        # copy2 keeps the time, by which generate_64.py sees what is new.
        shutil.copy2(source, target)


class Library:
    """The examples in one output folder: what is there and what was added, what is in the way, writing and removing."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.added = []
        self._of_track = {}
        for stored in find_examples(folder):
            self._of_track.setdefault((stored.video, stored.track_id), []).append(stored)

    @property
    def stored(self):
        """All examples in the folder."""
        return [stored for group in self._of_track.values() for stored in group]

    def of_track(self, track):
        """The stored examples of a track."""
        return self._of_track.get((track.video, track.track_id), [])

    def put(self, examples, replace=False):
        """Write the examples that are not there yet.

        Raises InputError, before anything is written, where a stored example of another class, cut or extraction holds the same
        frames; with `replace` such examples are removed instead.
        """
        new = [example for example in examples if not any(_same(stored, example) for stored in self.of_track(example.track))]
        old = list(dict.fromkeys(stored for example in new for stored in self.of_track(example.track) if _overlap(stored, example)))
        if old and not replace:
            raise InputError(
                f"{old[0].folder} holds frames of track {old[0].track_id} already, and is another class, cut or extraction "
                f"({len(old)} such examples); --replace removes them"
            )
        self._change(old, new)

    def put_track(self, track, examples):
        """Make `examples` all that is stored of a track."""
        new = [example for example in examples if not any(_same(stored, example) for stored in self.of_track(track))]
        old = [stored for stored in self.of_track(track) if not any(_same(stored, example) for example in examples)]
        self._change(old, new)

    def _change(self, old, new):
        # Removing comes first: whenever this is killed, no frame is in two classes.
        for stored in old:
            _remove(stored.folder)
            self._of_track[stored.video, stored.track_id].remove(stored)
            self.added = [added for added in self.added if added != stored]
        for example in new:
            track = example.track
            stored = Stored(_write(example, self.folder), track.video, track.track_id, example.frames[0], example.frames[-1])
            self._of_track.setdefault((track.video, track.track_id), []).append(stored)
            self.added.append(stored)


def _overlap(stored, example):
    return stored.first <= example.frames[-1] and example.frames[0] <= stored.last


def _write(example, folder):
    target = folder / example.label / example.name
    partial = target.with_name(f".{target.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for number in example.frames:
        source = example.track.pictures[number]
        link(source, partial / source.name)
    write_json(partial / "example.json", _description(example))
    return partial.rename(target)


def _remove(folder):
    hidden = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(hidden, ignore_errors=True)
    shutil.rmtree(folder.rename(hidden))


def _same(stored, example):
    if (stored.label, stored.folder.name) != (example.label, example.name):
        return False
    picture = example.track.pictures[example.frames[0]]
    there = stored.folder / picture.name
    return there.exists() and filecmp.cmp(there, picture, shallow=False)


def _description(example):
    recording, track = example.track.recording, example.track
    return {
        "video": track.video,
        "source": recording.get("source"),
        "fps": recording.get("fps"),
        "track_id": track.track_id,
        "first": example.frames[0],
        "last": example.frames[-1],
        "frames": len(example.frames),
    }
