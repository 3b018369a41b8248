"""Darknet .cfg files: shapes and weight counts from the text, and one line of complaint with its line number."""

import pytest

from common.errors import InputError
from yolo3 import cfg as cfgs

NET = "[net]\nwidth=64\nheight=32\n"  # three lines: the first layer's section starts on line 4
CONV = "[convolutional]\nfilters=21\nactivation=linear\n"
YOLO = "[yolo]\nclasses=2\nnum=3\nanchors=1,2, 3,4, 5,6\n"


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "a.cfg"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return cfgs.read(path)

    return read


def test_darknets_defaults_hold_where_nothing_is_said(read):
    cfg = read(NET + "[conv]\n[max]\nstride=2\n[upsample]\n[shortcut]\nfrom=-3\n" + CONV + YOLO)
    conv, pool, up, shortcut, _, head = cfg.layers
    assert (conv.filters, conv.size, conv.stride, conv.padding, conv.batch_normalize, conv.activation) == (1, 1, 1, 0, False, "logistic")
    assert (pool.size, pool.padding, pool.shape) == (2, 1, (16, 32, 1))
    assert (up.stride, up.shape) == (2, (32, 64, 1))
    assert (shortcut.sources, shortcut.activation) == ((2, 0), "linear")
    assert (head.anchors, head.scale_x_y, head.new_coords) == (((1, 2), (3, 4), (5, 6)), 1, False)


def test_comments_blanks_byte_order_mark_and_foreign_encodings_are_read_over(read):
    text = "\ufeff# kommentar\r\n ; another\n\n" + NET.replace("width=64", "  width = 6 4  # pixels") + "# 你好\n"
    cfg = read(text.encode() + "# größe\n".encode("latin-1") + (CONV + YOLO).encode())
    assert (cfg.width, cfg.height, len(cfg.layers)) == (64, 32, 2)
    assert cfg.layers[0].line == 9


@pytest.mark.parametrize(
    ("name", "weights"),
    # The lengths of the files their authors publish: 248,007,048 and 35,434,956 bytes with a header of 20.
    [("yolov3", (248_007_048 - 20) // 4), ("yolov3-tiny", (35_434_956 - 20) // 4), ("yolo-fastest-1.1-xl", (3_693_964 - 20) // 4)],
)
def test_a_published_network_needs_as_many_weights_as_its_file_has(data, name, weights):
    cfg = cfgs.read(data / f"yolo/{name}.cfg")
    assert sum(layer.weights for layer in cfg.layers) == weights
    assert cfg.classes == 80


@pytest.mark.parametrize(
    ("layers", "line", "complaint"),
    [
        ("[avgpool]\n", 4, "kind of layer"),
        ("[convolutional]\nfilters=1e9\n", 5, "whole number"),
        ("[convolutional]\nfilters=1000000000\n", 5, "from 1 to 65536"),
        ("[convolutional]\nfilters=\n", 5, "neither"),
        ("[convolutional]\nfilters\n", 5, "neither"),
        ("[convolutional]\nfilters=8\n\nfilters=9\n", 5, "lines 5, 7"),
        ("[convolutional]\nactivation=elu\n", 5, "one of linear"),
        ("[convolutional]\ngroups=2\n", 5, "equal groups"),
        ("[convolutional]\ndilation=2\n", 5, "only dilation=1"),
        ("[convolutional]\nactivaton=leaky\n", 5, "unknown"),
        ("[convolutional]\nsize=99\n", 4, "nothing is left"),
        ("[upsample]\nstride=64\n[upsample]\nstride=64\n[upsample]\nstride=64\n", 6, "larger than"),
        ("[upsample]\nscale=0.5\n", 5, "only scale=1"),
        ("[maxpool]\nstride=0\n", 5, "from 1"),
        ("[maxpool]\nsize=2\npadding=1000000000\n", 6, "from 0 to 1"),
        (CONV + "[route]\nlayers=-2\n", 8, "from -1 to 0"),
        (CONV + "[route]\nlayers=0,x\n", 8, "whole number"),
        (CONV + "[route]\nlayers=0\ngroups=2\n", 9, "equal groups"),
        (CONV + "[maxpool]\nstride=2\n[route]\nlayers=0,1\n", 10, "32×16"),
        (CONV + "[maxpool]\nstride=2\n[shortcut]\nfrom=0\n", 10, "32×16"),
        (CONV + "[shortcut]\n", 7, "from is missing"),
        (CONV + "[shortcut]\nfrom=-1\nweights_type=per_channel\n", 9, "only weights_type=none"),
        (CONV + YOLO + "[upsample]\n", 11, "[route]"),
        (CONV + YOLO + "[route]\nlayers=-1\n", 12, "[yolo] head"),
        (CONV + YOLO.replace("classes=2", "classes=3"), 7, "3 anchors × (5 + 3 classes) = 24 channels"),
        (CONV + YOLO.replace("5,6", "5"), 10, "need 6"),
        (CONV + YOLO.replace("5,6", "5,nan"), 10, "must be a number"),
        (CONV + YOLO + "mask=0,1,3\n", 11, "from 0 to 2"),
        (CONV + YOLO + "scale_x_y=inf\n", 11, "must be a number"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_its_line(read, layers, line, complaint):
    with pytest.raises(InputError) as error:
        read(NET + layers)
    assert f"a.cfg line {line}: " in str(error.value)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no sections"),
        ("width=3\n", "line 1"),
        (CONV + YOLO, "must be [net]"),
        ("[net]\nwidth=64\n" + CONV + YOLO, "height is missing"),
        (NET.replace("64", "1000000000") + CONV + YOLO, "line 2"),
        (NET + "channels=1\n" + CONV, "3-channel"),
        (NET + CONV, "no [yolo] section"),
        (NET + CONV.replace("21", "7") + YOLO.replace("yolo", "Gaussian_yolo"), "kind of layer"),
        (NET + CONV + YOLO + CONV.replace("21", "24") + YOLO.replace("classes=2", "classes=3"), "[route]"),
        (NET + CONV + YOLO + "[route]\nlayers=0\n" + CONV.replace("21", "24") + YOLO.replace("classes=2", "classes=3"), "3 classes"),
        (NET + 3 * "[convolutional]\nfilters=65536\nsize=3\nstride=4\npad=1\n" + CONV + YOLO, "weights in all"),
        (NET + 5000 * "[dropout]\n", "4096 layers"),
        (b"\x00\x01\x02[net]", "not a Darknet .cfg"),
        (b"[" + 5000 * b"x" + b"]\n", "must be [net]"),
    ],
)
def test_a_file_that_is_no_detector_is_refused(read, text, complaint):
    with pytest.raises(InputError) as error:
        read(text)
    assert complaint in str(error.value)
    assert len(str(error.value)) < 500


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        cfgs.read(tmp_path / "none.cfg")
    with pytest.raises(InputError, match="cannot read"):
        cfgs.read(tmp_path)
