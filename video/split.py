"""Training and validation by recording: clips of one recording look alike, so none may be on both sides."""

import re
from contextlib import ExitStack
from pathlib import PurePath

import numpy as np

from common.errors import InputError
from common.files import natural_key, writing
from video.table import read_table

RESTARTS = 20
MAX_SWAPPED = 400  # recordings; above, moving single ones comes close enough, and trying all pairs would take minutes


def split_recordings(counts, fraction, seed=0):
    """Choose recordings for validation so that each class has `fraction` of its clips there, as nearly as can be.

    Minimises the sum over classes of the squared deviation from `fraction`, after two things that matter more: every class is on the
    training side, and every class with two recordings or more is on both. Local search (moving one recording, exchanging two) from
    20 random starts, not an exact optimum.

    Args: `counts` (R, C) int, clips of each class in each recording; `fraction` 0 … 1 (0 and 1 leave one side empty); `seed` int.
    Returns (R,) bool, True = validation. The same arguments give the same answer.
    """
    counts = np.asarray(counts)
    counts = counts[:, counts.sum(0) > 0]
    if fraction in (0, 1) or not counts.size:
        return np.full(len(counts), fraction == 1)
    rng = np.random.default_rng(seed)
    cost = _cost_function(counts, fraction)
    sides = [_search(counts, cost, rng) for _ in range(RESTARTS)]
    return min(sides, key=lambda side: round(float(cost(counts[side].sum(0))), 12))


def split_clips(clips, fraction, seed=0):
    """The recordings to validate with, a set, for `clips` (path, class index, recording); see split_recordings."""
    recordings = sorted({recording for _, _, recording in clips}, key=natural_key)
    rows = {recording: row for row, recording in enumerate(recordings)}
    counts = np.zeros((len(rows), 1 + max(index for _, index, _ in clips)), int)
    for _, index, recording in clips:
        counts[rows[recording], index] += 1
    side = split_recordings(counts, fraction, seed)
    return {recording for recording, chosen in zip(recordings, side, strict=True) if chosen}


def write_lists(folder, classes, clips, validation):
    """Write trainlist.txt, vallist.txt (sorted lines "path class_index") and classes.txt into `folder`.

    `clips` are (path, class index, recording), `validation` holds the recordings to validate with. InputError for a path that no line
    can hold.
    """
    if broken := [path for path, _, _ in clips if "\n" in str(path)]:
        raise InputError(f"{str(broken[0])!r} has a line break in its name; rename the video and extract it again")
    sides = {"trainlist.txt": [], "vallist.txt": []}
    for path, index, recording in clips:
        sides["vallist.txt" if recording in validation else "trainlist.txt"].append(f"{path.as_posix()} {index}")
    with ExitStack() as stack:  # all three change names together, at the end
        for name, lines in [*((side, sorted(lines)) for side, lines in sides.items()), ("classes.txt", classes)]:
            partial = stack.enter_context(writing(folder / name))
            partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def report(clips, classes, validation):
    """Yield lines: clips and recordings of each class on both sides, and warnings where a side has none."""
    width = max(map(len, ["class", "total", *classes]))
    yield f"{'class':{width}}  training clips (recordings)  validation clips (recordings)"
    rows = [(name, [clip for clip in clips if clip[1] == index]) for index, name in enumerate(classes)]
    for name, own in [*rows, ("total", clips)]:
        sides = [[clip for clip in own if (clip[2] in validation) == side] for side in (False, True)]
        (train, train_from), (val, val_from) = [(len(side), len({clip[2] for clip in side})) for side in sides]
        share = f"{val / len(own):7.1%}" if own else ""
        yield f"{name:{width}}  {train:14} {f'({train_from})':>12}  {val:16} {f'({val_from})':>12}{share}"
    for name, own in rows:
        recordings = {clip[2] for clip in own}
        if not recordings:
            yield f"warning: there are no clips of {name}"
        elif len(recordings) == 1:
            side = "validation" if recordings <= validation else "training"
            yield f"warning: all clips of {name} are of one recording ({min(recordings)}), so all are for {side}"


def _cost_function(counts, fraction):
    total = counts.sum(0)  # (C,)
    several = (counts > 0).sum(0) > 1

    def cost(validation):
        """Cost of having `validation` (…, C) clips on the validation side."""
        deviation = ((validation / total - fraction) ** 2).sum(-1)
        missing = (validation == total).sum(-1) + (several & (validation == 0)).sum(-1)
        return deviation + missing * len(total)  # a deviation is below len(total)

    return cost


def _search(counts, cost, rng):
    side = np.zeros(len(counts), bool)
    chosen = np.zeros(counts.shape[1], int)
    for row in rng.permutation(len(counts)):
        if cost(chosen + counts[row]) < cost(chosen):
            side[row] = True
            chosen = chosen + counts[row]
    while (move := _best_move(counts, side, chosen, cost)) is not None:
        side[move] ^= True
        chosen = counts[side].sum(0)
    return side


def _best_move(counts, side, chosen, cost):
    """The recordings whose change of side lowers the cost most, or None where none does."""
    single = cost(chosen + np.where(side[:, None], -counts, counts))
    best, move = single.min(), [int(single.argmin())]
    training = np.flatnonzero(~side)
    if len(counts) <= MAX_SWAPPED and len(training):
        for row in np.flatnonzero(side):
            swapped = cost(chosen - counts[row] + counts[training])
            if swapped.min() < best:
                best, move = swapped.min(), [int(row), int(training[swapped.argmin()])]
    return move if best < cost(chosen) - 1e-12 else None


def read_groups(path):
    """Read which recording each video was cut from: CSV with the columns path (or video) and source (or group).

    Returns a function (video name, path of the video or None) -> recording; it raises InputError for a video the table lacks.
    """
    groups, ambiguous = {}, set()
    for line, video, group in _rows(path):
        if groups.setdefault(video, group) != group:
            raise InputError(f"{path}, line {line}: {video} is of {group}, but of {groups[video]} further up")
    for video, group in list(groups.items()):
        if groups.setdefault(PurePath(video).stem, group) != group:
            ambiguous.add(PurePath(video).stem)

    def recording(video, source):
        parts = PurePath(source or "").parts
        tails = ["/".join(parts[start:]) for start in range(len(parts))]
        found = [groups[key] for key in [*tails, video] if key in groups and key not in ambiguous]
        if not found:
            raise InputError(f"{path} has no row, or no clear one, for the video {video}; add one with its path and recording")
        return found[0]

    return recording


def _rows(path):
    """Yield (line number, video, recording)."""
    table = read_table(path)
    line, header = next(table, (1, []))
    video = next((header.index(name) for name in ("path", "video") if name in header), None)
    group = next((header.index(name) for name in ("source", "group") if name in header), None)
    if video is None or group is None:
        raise InputError(f"{path}, line {line}: needs the columns path (or video) and source (or group), has {','.join(header)!r}")
    for line, row in table:
        if not (row[video] and row[group]):
            raise InputError(f"{path}, line {line}: the {header[video]} or the {header[group]} is empty")
        yield line, PurePath(row[video]).as_posix(), row[group]


def group_by(pattern):
    """Recordings from the names of videos: the text that the regular expression's first group (or all of it) matches.

    Returns a function as read_groups does; InputError for a bad expression or a name it does not match.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise InputError(f"--group-by {pattern!r} is not a regular expression: {error}") from None

    def recording(video, _source):
        match = expression.search(video)
        if not match:
            raise InputError(f"--group-by {pattern!r} does not match the video name {video!r}")
        return match[1] if expression.groups and match[1] is not None else match[0]

    return recording
