"""Ready-made scenes by seed, as crops or as videos."""

import pytest


@pytest.mark.parametrize("flags", [(), ("--videos",)])
def test_a_seed_is_a_scene_and_a_finished_one_stays(script, rows, tmp_path, flags):
    command = ["samples/persons.py", "--output", tmp_path, "--seed", 1003, "--scenes", 1, "--seconds", 1, "--fps", 2, *flags]
    script(*command)
    table = tmp_path / ("01003.csv" if flags else "01003/tracks.csv")
    found = rows(table)
    assert {row["frame"] for row in found} == {"1", "2"} and len({row["track_id"] for row in found}) >= 4
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    if flags:
        assert {path.name for path in times} == {"01003.mp4", "01003.csv", "01003_joints.csv"}
    script(*command)
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
