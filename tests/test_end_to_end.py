"""The seven scripts in order on real CCTV clips, from videos to an annotated one, as the README tells it."""

import json
import shutil

import pytest

CLIPS = {"fight": ["fi002", "fi041", "fi090"], "noFight": ["nofi002", "nofi041", "nofi090"]}


@pytest.fixture(scope="module")
def work(data, person_flags, program, tmp_path_factory):
    """A folder in which the first six scripts have run."""
    folder = tmp_path_factory.mktemp("a new user's folder")
    (folder / "videos").mkdir()
    for label, names in CLIPS.items():
        for name in names:
            shutil.copy(data / "fight_cctv" / label / f"{name}.mp4", folder / "videos")
    recordings = str(data / "fight_cctv" / "clips.csv")
    for command in [
        ("extract_frames.py", "--videos", "videos", "--output", "persons", *person_flags),
        ("group_frames.py", "--input", "persons", "--classes", *CLIPS, "--class-name", "fight", "--videos", "fi*", "--keep-short"),
        ("group_frames.py", "--input", "persons", "--classes", *CLIPS, "--class-name", "noFight", "--videos", "nofi*", "--keep-short"),
        ("reverse_oversample.py", *CLIPS),
        ("generate_64.py", "--val-fraction", 0.34, "--seed", 0, "--groups", recordings),
        ("train.py", "--batchsize", 4, "--mode", "RGB", "--num_class", 2, "--qs", 2, "--workers", 2, "--frames", 16, "--sampling", "sparse",
         "--size", 32, "--epochs", 2, "--name", "first"),
        ("evaluate.py", "--path", "save_weight/first", "--list", "datasetlist/vallist.txt", "--positive", "fight"),
        ("predict.py", "--mode", "RGB", "--path", "save_weight/first", "--video", "videos/fi041.mp4", "--batch", "False", *person_flags),
    ]:  # fmt: skip
        program(*command, cwd=folder)
    return folder


def listed(work, name):
    lines = (work / "datasetlist" / name).read_text(encoding="utf-8").splitlines()
    return [(work / path, int(index)) for path, index in (line.rsplit(" ", 1) for line in lines)]


def test_every_example_became_clips_of_its_class(work):
    tracks = [track.name for folder in (work / "persons").iterdir() for track in folder.iterdir() if track.is_dir()]
    examples = {example.name for label in CLIPS for example in (work / label).iterdir()}
    clips = listed(work, "trainlist.txt") + listed(work, "vallist.txt")
    assert len(tracks) >= 6 and len(examples) >= 5
    assert {path.name.rsplit("_", 1)[0] for path, _ in clips} == examples
    for path, index in clips:
        assert path.is_file() and path.parent.name == list(CLIPS)[index] and path.name.startswith(("fi", "nofi")[index])


def test_no_recording_is_on_both_sides(work, data, rows):
    source = {row["path"].rsplit("/", 1)[1][:-4]: row["source"] for row in rows(data / "fight_cctv" / "clips.csv")}
    sides = [{source[path.name.split("_")[0]] for path, _ in listed(work, name)} for name in ("trainlist.txt", "vallist.txt")]
    assert sides[0] and sides[1] and not sides[0] & sides[1]


def test_the_run_knows_what_it_was_trained_on(work):
    meta = json.loads((work / "save_weight" / "first" / "meta.json").read_text(encoding="utf-8"))
    assert (meta["classes"], meta["frames"], meta["window"], meta["size"], meta["mode"]) == (list(CLIPS), 16, 64, 32, "RGB")
    log = (work / "save_weight" / "first" / "log.csv").read_text(encoding="utf-8").splitlines()
    assert len(log) == 3


def test_the_report_counts_the_validation_list(work, rows):
    folder = work / "save_weight" / "first" / "evaluation" / "vallist"
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    predictions = rows(folder / "predictions.csv")
    assert summary["n"] == len(predictions) == len(listed(work, "vallist.txt"))
    assert summary["accuracy"] == pytest.approx(sum(row["true"] == row["predicted"] for row in predictions) / len(predictions))
    assert {p.name for p in folder.iterdir()} >= {"confusion_matrix.csv", "confusion_matrix.png"}


def test_the_fight_is_annotated(work, rows):
    table = rows(work / "output" / "fi041_actions.csv")
    assert {row["action"] for row in table} - {""} <= set(CLIPS)
    assert len({row["track_id"] for row in table}) >= 2 and rows(work / "output" / "fi041_events.csv")
    assert (work / "output" / "fi041_actions.mp4").stat().st_size > 20_000
