"""A student whose blocks and heads learn to make of a picture what a teacher's make of it."""

import keras
import numpy as np
import pytest
from darknet_files import write_random_weights

from common.errors import InputError
from yolo3 import cfg as cfgs
from yolo3 import imitation, network, targets, training
from yolo3 import weights as files
from yolo3.loss import YoloLoss

CONVOLUTION = "[convolutional]\nbatch_normalize=1\nfilters={}\nsize={}\nstride={}\npad=1\nactivation={}\n"
HEAD = "[convolutional]\nfilters={}\nsize=1\nactivation=linear\n[yolo]\nanchors=5,5, 9,{}\nclasses={}\nnum=2\n"
SHORTCUT = "[shortcut]\nfrom=-2\nactivation=linear\n"


def text(width=8, classes=1, anchor=9, dropout=False, wide=6):
    """A block that ends in 4 channels, one with a shortcut around it, and a head on cells of 8 pixels."""
    parts = ["[net]\nwidth=32\nheight=32\n", CONVOLUTION.format(width, 3, 4, "leaky"), CONVOLUTION.format(4, 1, 1, "linear")]
    parts += [CONVOLUTION.format(4, 3, 1, "linear"), "[dropout]\n" if dropout else "", SHORTCUT.replace("-2", "-3" if dropout else "-2")]
    parts += [CONVOLUTION.format(width, 3, 2, "leaky"), CONVOLUTION.format(wide, 1, 1, "linear")]
    return "".join(parts) + HEAD.format(2 * (5 + classes), anchor, classes)


@pytest.fixture
def write(tmp_path):
    """The `Cfg` of a text, and with a seed the path of random weights too."""

    def make(name, content, seed=None):
        path = tmp_path / f"{name}.cfg"
        path.write_text(content)
        cfg = cfgs.read(path)
        return cfg if seed is None else (cfg, path, write_random_weights(tmp_path / f"{name}.weights", cfg, seed=seed))

    return make


@pytest.fixture
def taught(tmp_path, write):
    """A student's `Cfg` and its `Teacher`, which knows two kinds of things, people second."""
    (tmp_path / "names").write_text("dog\nperson\n")
    _, *teacher = write("teacher", text(12, classes=2, dropout=True), seed=3)
    student = write("student", text())
    return student, imitation.Teacher(*teacher, tmp_path / "names", ["person"], student)


def pictures(count=4):
    return np.random.default_rng(0).integers(0, 255, (count, 32, 32, 3)).astype(np.uint8)


def test_blocks_are_paired_by_shape_and_order(write):
    """Linear convolutions and shortcuts; not a linear convolution that a shortcut takes in, also behind a dropout."""
    plain, dropped = write("a", text()), write("b", text(dropout=True))
    assert [layer.index for layer in imitation.blocks(plain)] == [1, 3, 5]
    assert [layer.index for layer in imitation.blocks(dropped)] == [1, 4, 6]
    assert imitation.shared_blocks(dropped, plain) == [(1, 1), (4, 3), (6, 5)]
    # One of them has no such block: the last of a shape is the other's last.
    short = write("c", "[net]\nwidth=32\nheight=32\n" + CONVOLUTION.format(4, 3, 4, "linear") + HEAD.format(12, 9, 1))
    assert imitation.shared_blocks(plain, short) == [(3, 0)]


def test_a_teacher_says_what_it_computes(taught):
    """Rows of the wanted class only, and blocks, as the trainable form of the same network has them."""
    _, teacher = taught
    rows, *blocks = teacher.model()(pictures())
    own = network.build_trainable(teacher._cfg, (1, 4, 6))
    training.load_values(own, teacher._cfg, files.read_apart(teacher._cfg.path.with_suffix(".weights"), teacher._cfg))
    expected, *taps = own(pictures(), training=False)
    assert rows.shape == (4, 32, 6) and np.abs(np.asarray(rows) - np.asarray(expected)[..., [0, 1, 2, 3, 4, 6]]).max() < 1e-4
    assert all(np.abs(np.asarray(a) - np.asarray(b)).max() < 1e-4 for a, b in zip(blocks, taps, strict=True))
    assert teacher.model().trainable_weights == []


def test_a_led_block_reads_the_teacher(taught):
    """With weights of zero a chain ends in nothing; led, every block still sees what the teacher made before it."""
    student, teacher = taught
    for led in (True, False):
        keras.utils.set_random_seed(1)
        own, whole = imitation.student(student, teacher, led)
        own.get_layer("convolutional_0").set_weights([np.zeros((3, 3, 3, 8))])
        before = np.asarray(whole(pictures(), training=False)[2])
        own.get_layer("convolutional_2").set_weights([np.ones((3, 3, 4, 4))])
        after = np.asarray(whole(pictures(), training=False)[2])
        assert before.shape == (4, 3)
        changed = (np.abs(after - before) > 1e-6).all(axis=0).tolist()
        assert changed == ([False, True, False] if led else [False, False, False])


def test_a_perfect_student_has_no_error(tmp_path, write):
    """Of the same form, with the teacher's weights: nothing is left to learn of blocks, boxes and scores."""
    cfg, *teacher = write("teacher", text(), seed=3)
    (tmp_path / "names").write_text("person\n")
    own, whole = imitation.student(cfg, imitation.Teacher(*teacher, tmp_path / "names", ["person"], cfg), led=False)
    training.load_values(own, cfg, files.read_apart(teacher[1], cfg))
    rows, _, errors = (np.asarray(x) for x in whole(pictures(), training=False))
    assert errors.max() < 1e-6
    loss = imitation.HeadLoss(YoloLoss(targets.rows(cfg)).decode)
    nothing = np.zeros((4, 1))
    # Who is sure that there are more people, or fewer, is wrong; who agrees is not. The class is always the best one.
    agreed, *wrong = (float(loss(nothing, np.concatenate([rows, rows + shift], axis=-1))) for shift in np.eye(6)[4] * [[0], [3], [-3]])
    assert agreed >= 0 and min(wrong) > agreed + 0.1


def test_a_student_learns(taught):
    keras.utils.set_random_seed(0)
    student, teacher = taught
    lesson = training.Lesson(student, training.read_values(training.build(student), student), teacher, True, "float32")
    lesson.compile(targets.rows(student))
    wanted, by_labels = np.zeros((4, 32, 6), np.float32), np.float32([1, 0, 0, 0])
    history = []
    for _ in range(150):
        lesson.begin()
        history.append(lesson.step(0.01, pictures(), wanted, by_labels)[1])
    assert history[-1] < 0.35 * history[0], history[::30]


def test_who_cannot_imitate_is_told_why(tmp_path, write):
    _, *teacher = write("teacher", text(), seed=3)
    (tmp_path / "names").write_text("person\n")
    for content, classes, message in (
        (text(anchor=20), ["person"], "a head has stride"),
        (text(), ["cat"], "no class 'cat'"),
        (
            text().replace("linear\n[yolo]", "linear\n[yolo]\nmask=0,1") + "[route]\nlayers=-3\n" + HEAD.format(12, 9, 1),
            ["person"],
            "2 heads",
        ),
        (text(wide=7).replace("filters=4", "filters=5"), ["person"], "no block"),
    ):
        with pytest.raises(InputError, match=message):
            imitation.Teacher(*teacher, tmp_path / "names", classes, write("other", content))
