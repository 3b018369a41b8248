"""The table predict prints at its end: who did what, from when to when."""

import csv
import heapq

ROWS = 20  # events printed; the file has them all


def summary(events_csv, rows=ROWS):
    """The first `rows` events of an ``_events.csv``, by their start, as lines of text; a last line counts those left out.

    Reads row by row, so that a month of events takes no more memory than an hour's.
    """
    with open(events_csv, encoding="utf-8", newline="") as file:
        first = heapq.nsmallest(rows, csv.DictReader(file), key=lambda event: (float(event["start"]), int(event["track_id"])))
        file.seek(0)
        left = sum(1 for _ in csv.DictReader(file)) - len(first)
    if not first:
        return ["nobody was seen for long enough to say what they do"]
    width = max(len("what"), *(len(event["action"]) for event in first))
    lines = [f"{'who':>5}  {'what':<{width}}  {'from':>9}  {'to':>9}  score"]
    lines += [_line(event, width) for event in first]
    if left:
        lines.append(f"… and {left} more in {events_csv}")
    return lines


def _line(event, width):
    start, end = (_clock(float(event[key])) for key in ("start", "end"))
    return f"{event['track_id']:>5}  {event['action']:<{width}}  {start:>9}  {end:>9}  {float(event['mean_score']):5.2f}"


def _clock(seconds):
    """63.25 -> "1:03.2", as players show it."""
    minutes, seconds = divmod(int(seconds * 10) / 10, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{seconds:04.1f}" if hours else f"{minutes}:{seconds:04.1f}"
