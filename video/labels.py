"""Who does what: a table that names the class of tracks, or of parts of them."""

import difflib
from typing import NamedTuple

from common.errors import InputError
from video.examples import Track, find_track
from video.table import read_table

COLUMNS = ["track_id", "first_frame", "last_frame", "class"]


class Span(NamedTuple):
    """Frames `first` to `last` (both count in) of a track, and their class."""

    track: Track
    label: str
    first: float = 0
    last: float = float("inf")


def check_class(name, classes):
    """Return `name` if it is a class; InputError with the classes, and a close one, if it is not."""
    if name in classes:
        return name
    by_fold = {known.casefold(): known for known in classes}
    close = difflib.get_close_matches(str(name).casefold(), by_fold, n=1)
    hint = f"; did you mean {by_fold[close[0]]}?" if close else ""
    raise InputError(f"there is no class {name!r} among {', '.join(classes)}{hint} (CLASSES in group_frames.py, or --classes)")


def read_labels(path, tracks, classes):
    """Read a table of labels (CSV: track_id, first_frame, last_frame, class) into a list of spans.

    Frame numbers are the video's own; an empty one means the track's own first or last. Raises InputError naming the line of a row
    that is malformed, names an unknown track or class, holds none of the track's frames, or overlaps another row.
    """
    spans = {}
    for line, row in _rows(path):
        try:
            span = _parse(row, tracks, classes)
            for other, known in spans.items():
                if known.track is span.track and span.first <= known.last and known.first <= span.last:
                    raise InputError(f"line {other} labels frames {known.first} to {known.last} of track {row[0]} already")
        except InputError as error:
            raise InputError(f"{path}, line {line}: {error}") from None
        spans[line] = span
    if not spans:
        raise InputError(f"{path} has no rows below its header {','.join(COLUMNS)}")
    return list(spans.values())


def _rows(path):
    """Yield (line number, [text, …]) with the fields in the order of COLUMNS."""
    table = read_table(path)
    line, header = next(table, (1, []))
    if sorted(header) != sorted(COLUMNS):
        raise InputError(f"{path}, line {line}: the header must be {','.join(COLUMNS)}, not {','.join(header)!r}")
    order = [header.index(name) for name in COLUMNS]
    for line, row in table:
        yield line, [row[i] for i in order]


def _parse(row, tracks, classes):
    track_id, first, last, label = row
    track = find_track(tracks, _number(track_id, "track_id"))
    frames = list(track.pictures)
    if not frames:
        raise InputError(f"track {track_id} has no pictures")
    start = _number(first, "first_frame") if first else frames[0]
    end = _number(last, "last_frame") if last else frames[-1]
    if start > end:
        raise InputError(f"the first frame {start} comes after the last frame {end}")
    if not any(start <= frame <= end for frame in frames):
        raise InputError(f"track {track_id} has frames {frames[0]} to {frames[-1]}, none of {start} to {end}")
    return Span(track, check_class(label, classes), start, end)


def _number(text, column):
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"{column} is {text!r}, not a whole number")
    return int(text)
