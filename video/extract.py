"""One video -> a folder of persons, complete or absent."""

import csv
import os
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

import cv2
from tqdm import tqdm

from common.errors import InputError
from common.files import write_json
from common.threads import Background, prefetch
from video.crops import follow, square_crop, tlwh
from video.io import open_video

TRACKS = "tracks.csv"
COLUMNS = ("frame", "track_id", "left", "top", "width", "height", "score")
JPEG_QUALITY = 95
RAW = "raw"  # inside the hidden folder: every track under the tracker's own id, until the kept ones are known


def folder_names(videos, root, output):
    """(video, folder for its persons) for each video: its name, or its path below `root` where names collide."""
    root, output = Path(root), Path(output)
    stems = Counter(path.stem.casefold() for path in videos)
    for path in videos:
        unique = stems[path.stem.casefold()] == 1
        yield path, output / (path.stem if unique else "_".join(path.relative_to(root).parts))


def finished(folder):
    """Whether `folder` holds a complete extraction."""
    return (Path(folder) / TRACKS).is_file()


def extract(path, folder, detector, tracker, encoder, options):
    """Write the persons of the video `path` to `folder`; returns how many.

    `options` has `size`, `context`, `min_frames`, `every` (see extract_frames.py). Work goes on in a hidden folder that is
    renamed at the end, so `folder` is complete whenever it exists. Track ids continue after the highest one used by
    the finished videos beside it. Raises InputError if the video cannot be read.
    """
    folder = Path(folder)
    if folder.exists():
        raise InputError(f"{folder} is in the way: no persons of {path} (it has no {TRACKS}); move it or choose another --output")
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        info, rows = _write_crops(path, partial, detector, tracker, encoder, options)
        persons = _number_tracks(partial, rows, options.min_frames, _highest_track_id(folder.parent))
        write_json(partial / "video.json", info)
        os.replace(partial, folder)
    except InputError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return persons


def _write_crops(path, partial, detector, tracker, encoder, options):
    """Write every track's crops under the tracker's own ids; returns (video.json's content, rows of tracks.csv)."""
    rows, confirmed = [], set()
    with open_video(path) as reader, closing(prefetch(reader)) as frames, Background(_write_jpeg, size=64) as writer:
        bar = tqdm(frames, desc=path.name, total=reader.frame_count, unit=" frames", dynamic_ncols=True)
        for frame, persons in follow(bar, detector, tracker, encoder, options.every):
            for person in (p for p in persons if p.missed == 0):
                crop = square_crop(frame.image, person.tlbr, options.size, options.context)
                writer.put((partial / RAW / str(person.track_id) / f"{frame.number:06d}.jpg", crop))
                rows.append((frame.number, person.track_id, *tlwh(person.tlbr), round(float(person.score), 4)))
                if person.confirmed:
                    confirmed.add(person.track_id)
        info = {"source": str(path), "fps": reader.fps, "width": reader.width, "height": reader.height, "frames": frame.number}
    return info, [row for row in rows if row[1] in confirmed]


def _write_jpeg(item):
    path, image = item
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    path.write_bytes(encoded)


def _number_tracks(partial, rows, min_frames, highest):
    """Keep tracks of at least `min_frames`, number them on from `highest` in order of appearance, write tracks.csv."""
    counts = Counter(row[1] for row in rows)
    kept = [track for track in dict.fromkeys(row[1] for row in rows) if counts[track] >= min_frames]
    numbers = {track: highest + i for i, track in enumerate(kept, 1)}
    for track, number in numbers.items():
        os.replace(partial / RAW / str(track), partial / str(number))
    shutil.rmtree(partial / RAW, ignore_errors=True)
    with open(partial / TRACKS, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows((row[0], numbers[row[1]], *row[2:]) for row in rows if row[1] in numbers)
    return len(numbers)


def _highest_track_id(output):
    """The highest track id in the finished videos' folders below `output`, 0 if there is none."""
    folders = (table.parent for table in output.glob(f"*/{TRACKS}") if not table.parent.name.startswith("."))
    return max((int(track.name) for folder in folders for track in folder.iterdir() if track.name.isdecimal()), default=0)
