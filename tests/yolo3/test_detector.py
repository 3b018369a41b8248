"""The detector from Darknet files to boxes, and what it refuses."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from darknet_files import opencv_rows, write_random_weights

from common.errors import InputError
from yolo3 import Detector
from yolo3 import cfg as cfgs

NAME = "yolo-fastest-1.1-xl"
TINY = "[net]\nwidth=64\nheight=32\n[convolutional]\nfilters=24\nsize=8\nstride=8\nactivation=linear\n"
HEAD = "[yolo]\nclasses=3\nnum=3\nanchors=5,6, 9,12, 30,20\n"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Converted networks of read-only weights go here, not into the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def paths(data):
    return [data / f"yolo/{NAME}.cfg", data / f"yolo/{NAME}.weights", data / "yolo/coco.names"]


@pytest.fixture(scope="module")
def exact(paths, cache):
    return Detector(*paths, classes=None, score_threshold=0.3, precision="float32")


@pytest.fixture
def tiny(tmp_path):
    """Files of a network with one layer and the classes man, woman, dog; Keras runs it unless a test wants it converted."""
    (tmp_path / "a.cfg").write_text(TINY + HEAD)
    (tmp_path / "a.names").write_text("man\nwoman\ndog\n\n")
    write_random_weights(tmp_path / "a.weights", cfgs.read(tmp_path / "a.cfg"))
    return [tmp_path / "a.cfg", tmp_path / "a.weights", tmp_path / "a.names"]


def small(files, classes=None, **options):
    return Detector(*files, classes=classes, runtime="keras", **options)


def opencv_detections(data, frame, score_threshold, iou_threshold):
    """(class, score, box) from OpenCV: its network, its suppression class by class."""
    resized = cv2.cvtColor(cv2.resize(frame, (320, 320)), cv2.COLOR_BGR2RGB)
    rows = opencv_rows((data / f"yolo/{NAME}.cfg").read_text(), data / f"yolo/{NAME}.weights", resized)
    tlwh = rows[:, :4] - rows[:, [2, 3, 2, 3]] * [0.5, 0.5, 0, 0]
    tlwh *= np.tile(frame.shape[1::-1], 2)
    found = []
    for k in range(80):
        for i in cv2.dnn.NMSBoxes(tlwh, rows[:, 5 + k], score_threshold, iou_threshold):
            left, top, width, height = tlwh[i]
            box = np.clip([left, top, left + width, top + height], 0, np.tile(frame.shape[1::-1], 2))
            found.append((k, float(rows[i, 5 + k]), box))
    return sorted(found, key=lambda item: -item[1])


def test_boxes_after_suppression_equal_opencvs(data, exact):
    for path in sorted((data / "images").glob("*.jpg")):
        frame = cv2.imread(str(path))
        (found,) = exact.detect([frame])
        expected = opencv_detections(data, frame, exact.score_threshold, exact.iou_threshold)
        assert found.class_id.tolist() == [k for k, _, _ in expected]
        np.testing.assert_allclose(found.score, [score for _, score, _ in expected], atol=1e-3)
        np.testing.assert_allclose(found.tlbr, [box for _, _, box in expected], atol=0.05)
        assert len(found) >= 3


def test_the_person_of_the_well_known_picture_is_found(data, paths, cache):
    (found,) = Detector(*paths).detect([cv2.imread(str(data / "images/person.jpg"))])
    assert found.class_id.tolist() == [0]
    assert found.score[0] > 0.9
    np.testing.assert_allclose(found.tlbr[0], [190, 98, 272, 372], atol=12)  # measured by eye


def test_frames_of_different_sizes_give_each_its_own_pixels(data, exact):
    frame = cv2.imread(str(data / "images/person.jpg"))
    half = cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    dot, whole, small = exact.detect([frame[:1, :1], frame, half])
    assert len(dot) == 0
    person, other = (found.tlbr[found.class_id == 0] for found in (whole, small))
    np.testing.assert_allclose(person, 2 * other, atol=10)
    assert exact.detect([]) == []


def test_more_frames_than_a_batch_come_back_in_order(tiny):
    detector = small(tiny, score_threshold=0.1)
    frames = list(np.random.default_rng(3).integers(0, 256, (19, 20, 40, 3), np.uint8))
    together, alone = detector.detect(frames), [detector.detect([frame])[0] for frame in frames]
    assert len(together) == 19
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.tlbr, other.tlbr, atol=1e-3)
        assert one.class_id.tolist() == other.class_id.tolist()
    assert sum(map(len, together)) > 19


def test_boxes_stay_within_the_frame(tiny):
    frame = np.random.default_rng(0).integers(0, 256, (17, 33, 3), np.uint8)
    (found,) = small(tiny, score_threshold=0.05, iou_threshold=1.0).detect([frame])
    assert len(found) > 100
    assert found.tlbr.min() == 0
    assert found.tlbr.max(axis=0).tolist() == [pytest.approx(v, abs=33) for v in (33, 17, 33, 17)]
    assert (found.tlbr[:, 2] <= 33).all() and (found.tlbr[:, 3] <= 17).all()


def test_only_the_classes_asked_for_are_reported(tiny):
    frame = np.random.default_rng(0).integers(0, 256, (20, 40, 3), np.uint8)
    every = small(tiny, score_threshold=0.1).detect([frame])[0]
    dogs = small(tiny, classes=["dog"], score_threshold=0.1).detect([frame])[0]
    assert set(every.class_id.tolist()) == {0, 1, 2}
    assert set(dogs.class_id.tolist()) == {2}
    assert dogs.tlbr.tolist() == every.tlbr[every.class_id == 2].tolist()


def test_letterboxing_is_the_cfgs_choice_unless_told(tiny):
    assert not small(tiny).letter_box
    assert small(tiny, letter_box=True).letter_box
    tiny[0].write_text(TINY.replace("[net]", "[net]\nletter_box=1") + HEAD)
    assert small(tiny).letter_box


def test_a_letterboxed_person_has_the_same_box(data, paths, cache):
    frame = cv2.imread(str(data / "images/person.jpg"))
    (found,) = Detector(*paths, letter_box=True).detect([frame])
    np.testing.assert_allclose(found.tlbr[0], [190, 98, 272, 372], atol=15)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((4, 4), np.uint8), ((4, 4, 1), np.uint8), ((4, 4, 4), np.uint8), ((4, 4, 3), np.float64), ((0, 4, 3), np.uint8), (None, None)],
    ids=["grey", "one channel", "alpha", "float", "empty", "none"],
)
def test_a_frame_that_is_no_colour_picture_is_refused(tiny, shape, dtype):
    frame = np.zeros(shape, dtype) if shape else None
    with pytest.raises(InputError, match="BGR"):
        small(tiny).detect([np.zeros((4, 4, 3), np.uint8), frame])


def test_an_unknown_class_is_refused_with_near_names(tiny, paths):
    with pytest.raises(InputError, match="did you mean person"):
        Detector(*paths, classes=["persn"])
    with pytest.raises(InputError, match=r"no class 'person' in .*a\.names; .*man"):
        Detector(*tiny)


def test_names_of_another_length_are_refused(tiny):
    tiny[2].write_text("man\nwoman\n")
    with pytest.raises(InputError, match=r"a\.names has 2 names, but .*a\.cfg has 3 classes"):
        Detector(*tiny, classes=None)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["cfg", "weights", "names"])
def test_missing_and_swapped_files_are_refused(tiny, paths, which):
    missing, swapped = list(tiny), list(tiny)
    missing[which] = tiny[which].with_name("none")
    swapped[which] = paths[1] if which != 1 else tiny[0]
    for files in (missing, swapped):
        with pytest.raises(InputError) as error:
            Detector(*files, classes=None)
        assert str(files[which]) in str(error.value)


def test_changed_weights_are_not_served_from_the_cache(tiny):
    frame = np.random.default_rng(0).integers(0, 256, (32, 64, 3), np.uint8)
    first = Detector(*tiny, classes=None, score_threshold=0.1).detect([frame])[0]
    write_random_weights(tiny[1], cfgs.read(tiny[0]), seed=1)
    second = Detector(*tiny, classes=None, score_threshold=0.1).detect([frame])[0]
    assert first.tlbr.tolist() != second.tlbr.tolist()


def test_a_second_start_imports_no_keras(tiny, root):
    Detector(*tiny, classes=None)
    code = "import sys; from yolo3 import Detector; Detector(*sys.argv[1:], classes=None); print('keras' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code, *map(str, tiny)], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
