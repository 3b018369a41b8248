import pytest

from common.files import natural_key, writing


def test_a_file_appears_only_when_it_is_complete(tmp_path):
    target = tmp_path / "deep" / "a.csv"
    with writing(target) as partial:
        partial.write_text("half")
        assert not target.exists() and partial.suffix == ".csv"
    assert target.read_text() == "half" and list(target.parent.iterdir()) == [target]


def test_an_error_leaves_the_old_file_and_no_rubbish(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), writing(target) as partial:
        partial.write_text("new")
        raise RuntimeError
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_numbers_in_names_count_as_numbers():
    names = ["clip10", "clip2", "Clip1", "b", "2", "10", "a²", "a1"]
    assert sorted(names, key=natural_key) == ["2", "10", "a1", "a²", "b", "Clip1", "clip2", "clip10"]
