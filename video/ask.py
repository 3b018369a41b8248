"""Labelling by hand: a contact sheet of each track, and one key for its class."""

import os
import sys

from common.errors import InputError
from common.files import write_json
from video.contact_sheet import write_contact_sheet
from video.examples import cut_track, read_json

KEYS = "123456789acdefghijklmnoprtuvwxyz"  # b, q and s have a meaning of their own


class Questions:
    """Asks for the class of each track that has none yet, and writes its examples at once.

    What was answered is seen from the examples in `library`, what was skipped from `skipped_tracks.json` beside the class folders:
    a later start goes on where this one stopped. Tracks too short for an example are not asked for.
    """

    def __init__(self, tracks, library, classes, keep_short=False):
        if len(classes) > len(KEYS):
            raise InputError(f"{len(classes)} classes are more than there are keys ({len(KEYS)}); use --labels")
        self.tracks = [track for track in tracks if cut_track(track, "", keep_short)]
        self.library = library
        self.keep_short = keep_short
        self.keys = dict(zip(KEYS, classes, strict=False))
        self.skipped_path = library.folder / "skipped_tracks.json"
        self.skipped = read_json(self.skipped_path)

    def run(self, read_key=None):
        """Ask until every track has its answer, or the answer is q. `read_key` returns one answer per call."""
        read_key = read_key or _read_key
        place = self._next_open(0)
        while place < len(self.tracks):
            answer = self._question(place, read_key)
            if answer == "q":
                return
            if answer == "b":
                place = max(place - 1, 0)
                continue
            self._take(self.tracks[place], self.keys.get(answer))
            place = self._next_open(place + 1)
        print("every track has its answer")

    def _next_open(self, place):
        while place < len(self.tracks) and self._state(self.tracks[place]):
            place += 1
        return place

    def _state(self, track):
        """The class of a track, "skipped", or "" where it was not asked for yet."""
        stored = self.library.of_track(track)
        if stored:
            return stored[0].label
        return "skipped" if track.track_id in self.skipped.get(track.video, []) else ""

    def _question(self, place, read_key):
        track = self.tracks[place]
        sheet = track.folder.with_name(f"{track.folder.name}_contact_sheet.jpg")
        write_contact_sheet(sheet, track.pictures)
        frames = list(track.pictures)
        state = self._state(track)
        print(
            f"\n{place + 1}/{len(self.tracks)}  track {track.track_id} of {track.video}: {len(frames)} frames, "
            f"{frames[0]} to {frames[-1]}{state and f'; so far: {state}'}\n  {sheet}"
        )
        choices = "  ".join(f"{key} {name}" for key, name in [*self.keys.items(), ("s", "skip"), ("b", "back"), ("q", "quit")])
        while True:
            print(f"  {choices} > ", end="", flush=True)
            answer = read_key()
            if answer in self.keys or answer in {"s", "b", "q"}:
                return answer
            print(f"  {answer!r} is none of these keys")

    def _take(self, track, label):
        """Give a track its class, or none: skipped."""
        self.library.put_track(track, cut_track(track, label, self.keep_short) if label else [])
        others = [track_id for track_id in self.skipped.get(track.video, []) if track_id != track.track_id]
        self.skipped[track.video] = others if label else sorted([*others, track.track_id])
        write_json(self.skipped_path, self.skipped)


def _read_key():
    """One key where the input is a terminal, otherwise one line; q at its end."""
    single = sys.stdin.isatty() and os.name == "posix"
    answer = (_read_terminal() if single else sys.stdin.readline() or "q").strip().casefold()
    print(answer, flush=True)
    return answer


def _read_terminal():
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        # An arrow key is several characters at once; read one by one, its last would pass for an answer.
        key = os.read(sys.stdin.fileno(), 16).decode(errors="replace")
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
    return "q" if key in {"", "\x04"} else key
