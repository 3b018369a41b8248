"""The tracker against the DeepSORT authors' program, and against the truth of MOT15."""

import motmetrics
import numpy as np
import pytest

from benchmarks.tracker_accuracy import corners, follow, read_mot, score


@pytest.fixture
def sequence(data, request):
    """(detections, features, reference rows, truth or None) of one sequence."""
    name = request.param
    path = data.parent / "golden/deep_sort" / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"no reference tracks at {path}")
    golden = np.load(path)
    truth = data / "mot15" / name / "gt/gt.txt"
    detections = read_mot(data / "mot15" / name / "det/det.txt")
    return detections, golden["features"], golden["tracks"], read_mot(truth) if truth.is_file() else None


@pytest.mark.parametrize("sequence", ["KITTI-17", "PETS09-S2L1", "TUD-Campus", "TUD-Stadtmitte"], indirect=True)
def test_identities_and_boxes_are_the_authors(sequence):
    detections, features, reference, _ = sequence
    pairs = set()
    for frame, ids, tlbr in follow(detections, features):
        rows = reference[reference[:, 0] == frame]
        assert len(ids) == len(rows)
        if len(rows):
            offset = np.abs(tlbr[:, None] - corners(rows[:, 2:])).max(axis=2)  # (ours, theirs)
            nearest = offset.argmin(axis=1)
            assert offset.min(axis=1).max() < 0.5
            assert len(set(nearest)) == len(rows)
            pairs |= set(zip(ids, rows[nearest, 1], strict=True))
    assert len(pairs) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs})
    assert len(pairs) == len(np.unique(reference[:, 1]))


@pytest.mark.parametrize(
    "sequence, appearance, mota, idf1",
    [
        ("TUD-Campus", True, 0.48, 0.54),
        ("TUD-Campus", False, 0.52, 0.66),
        ("TUD-Stadtmitte", True, 0.68, 0.69),
        ("TUD-Stadtmitte", False, 0.69, 0.72),
    ],
    indirect=["sequence"],
)
def test_accuracy_does_not_fall(sequence, appearance, mota, idf1):
    detections, features, _, truth = sequence
    accumulator = score(truth, follow(detections, features if appearance else None))
    figures = motmetrics.metrics.create().compute(accumulator, metrics=["mota", "idf1"])
    assert figures["mota"].item() >= mota
    assert figures["idf1"].item() >= idf1
