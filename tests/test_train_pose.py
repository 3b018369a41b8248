"""From pictures with joints to a pose network, to a gait run upon it, to a table of its features; each script's main in this process."""

import numpy as np
import pytest
from tiny_recogniser import write_dataset

import extract_pose
import train
import train_pose
from common.errors import InputError
from common.person_flags import open_estimator
from models import human_pose
from models.run import Run

SIZE = 43  # one place, heat maps of 17×17


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with pictures.npz: in each a bright spot, where all joints are."""
    folder = tmp_path_factory.mktemp("train pose")
    pictures, joints = np.zeros((12, SIZE, SIZE, 3), np.uint8), np.ones((12, 17, 3), np.float32)
    for i, (picture, pose) in enumerate(zip(pictures, joints, strict=True)):
        picture[10 + i : 20 + i, 20:30] = 255
        pose[:, :2] = 25, 15 + i
    np.savez(folder / "pictures.npz", pictures=pictures, joints=joints, recording=np.arange(12) // 3, layout="coco17")
    return folder


@pytest.fixture
def main(place, main_of, monkeypatch):
    """Call a script's main in that folder, with a pose network of the fewest blocks."""
    monkeypatch.chdir(place)
    monkeypatch.setattr(human_pose, "BLOCKS", (0, 0))
    return main_of


def test_pictures_become_a_file_for_pose(main, place, capsys):
    main(train_pose, "--data", "pictures.npz", "--size", SIZE, "--shrink", 16, "--epochs", 2, "--batchsize", 3, "--output", "pose.keras")
    lines = capsys.readouterr().out.splitlines()
    assert "9 pictures of 3 recordings to train on, 3 of 1 held out" in lines[0]
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines[1:3]]
    assert losses[1] < losses[0]
    estimator = open_estimator(place / "pose.keras")
    assert estimator.description.size == SIZE and estimator(np.zeros((2, 64, 64, 3), np.uint8)).shape == (2, 17, 3)


def test_gait_learns_upon_it_and_describes_clips(main, place, rows):
    write_dataset(place, train=4, validation=2, frames=24)
    network = ["--model", "gait", "--frames", 2, "--size", SIZE, "--shrink", 16, "--weights", "pose.keras"]
    main(train, *network, "--epochs", 1, "--batchsize", 2, "--region", "frame", "--name", "gait")
    run = Run.open(place / "save_weight/gait")
    assert (run.recogniser, run.mode, run.options["shrink"]) == ("gait", "RGB", 16) and len(list(place.rglob("*.embedding"))) == 6
    learned, pose = (model.get_layer("trunk").get_weights() for model in (run.load_model(), human_pose.load(place / "pose.keras")))
    assert all(np.array_equal(a, b) for a, b in zip(learned, pose, strict=True))
    main(extract_pose, "--path", run.folder, "--list", place / "datasetlist/trainlist.txt", "--csv", "features.csv")
    table = rows(place / "features.csv")
    assert len(table) == 4 and len(table[0]) == 513 and {row["label"] for row in table} == {"left", "right"}
    numbers = np.array([[float(row[str(i)]) for i in range(512)] for row in table])
    assert np.abs(numbers).max() <= 1 and np.ptp(numbers, axis=0).max() > 0  # means of a GRU's states


def test_gait_without_a_pose_network_is_one_line(main, place):
    with pytest.raises(InputError, match="sees through a trained pose network; give it with --weights"):
        main(train, "--model", "gait", "--size", SIZE, "--shrink", 16, "--epochs", 1, "--region", "frame", "--name", "blind")


@pytest.mark.parametrize(
    ("flags", "error"), [([], SystemExit), (["--data", "a.npz", "--scenes", "1"], SystemExit), (["--data", "none.npz"], InputError)]
)
def test_wrong_input(main, flags, error):
    with pytest.raises(error):
        main(train_pose, *flags)
