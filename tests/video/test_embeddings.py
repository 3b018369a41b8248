"""Kept embeddings of a video as samples; through the scripts see tests/test_protocol_scripts.py and tests/test_recurrent_fusion.py."""

import numpy as np
import pytest

from video.embeddings import PlaceEmbeddings
from video.samples import Sampler


@pytest.fixture
def places(tmp_path):
    """A function from changes to the sampler of a video whose five places have the embeddings 0 to 4."""
    (tmp_path / "video.avi").write_bytes(b"a video")

    def sampler(*changes):
        kept = PlaceEmbeddings(Sampler(20, 20, 16, "Fuse", augment=changes, stack=4), "embedding", 1, "digest", tmp_path)
        np.arange(5, dtype=np.float32).tofile(kept.file(tmp_path / "video.avi"))
        return lambda rng=None: kept(tmp_path / "video.avi", rng)["embedding"][:, 0].tolist()

    return sampler


def test_all_places_in_order_where_nothing_is_to_change(places):
    assert places("time")() == places()(np.random.default_rng(0)) == [0, 1, 2, 3, 4]


def test_time_changes_which_places_but_not_their_order(places):
    rng, sample = np.random.default_rng(0), places("time")
    drawn = [sample(rng) for _ in range(50)]
    assert all(one == sorted(one) and len(one) == 5 for one in drawn)
    assert len({tuple(one) for one in drawn}) > 20 and {place for one in drawn for place in one} == {0, 1, 2, 3, 4}
