"""A run's copy elsewhere: always one that can be gone on from, whatever breaks off."""

import json

import fsspec
import pytest

from common.errors import InputError
from common.remote import Remote


@pytest.fixture
def memory():
    """fsspec's file system in memory, empty."""
    store = fsspec.filesystem("memory")
    store.store.clear()
    store.pseudo_dirs[:] = [""]
    yield store
    store.store.clear()


@pytest.fixture
def run(tmp_path):
    """Bring a run's folder to an epoch: run(3) -> the folder."""

    def to(epoch, folder=tmp_path / "save_weight/mine"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log.csv").write_text("epoch,loss\n" + "".join(f"{i},1.0\n" for i in range(1, epoch + 1)))
        (folder / "state.npz").write_bytes(b"state %d" % epoch * 1000)
        (folder / "model.keras").write_bytes(b"best %d" % min(epoch, 2))
        (folder / "meta.json").write_text("{}")
        (folder / "model.openvino-0123.xml").write_text("made again")
        return folder

    return to


def begun(address, folder):
    remote = Remote(address, "mine")
    remote.begin(folder, goes_on=True)
    return remote


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".xml"}


def test_what_is_fetched_is_what_was_copied_last(memory, run, tmp_path):
    remote = begun("memory://kept/", run(0))
    for epoch in (1, 2, 3):
        remote.update(folder := run(epoch))
    Remote("memory://kept", "mine").fetch(tmp_path / "elsewhere/mine")
    assert content(tmp_path / "elsewhere/mine") == content(folder)
    assert len(memory.find("/kept")) == len(content(folder)) + 1  # nothing of earlier epochs is left


def test_a_path_is_an_address_too(run, tmp_path):
    begun(tmp_path / "drive", run(1)).update(folder := run(1))
    Remote(tmp_path / "drive", "mine").fetch(tmp_path / "here")
    assert content(tmp_path / "here") == content(folder)


def test_only_what_changed_is_sent(memory, run, monkeypatch):
    remote = begun("memory://kept", run(2))
    remote.update(run(2))
    sent = []
    put = type(memory).put_file
    monkeypatch.setattr(type(memory), "put_file", lambda self, here, there, **more: (sent.append(there), put(self, here, there, **more)))
    remote.update(run(3))
    assert sorted(name.rsplit("/", 1)[1].rsplit("-", 1)[0] for name in sent) == ["log", "state"]


@pytest.mark.parametrize("method", ["put_file", "pipe_file", "cp_file", "rm_file"])
@pytest.mark.parametrize("call", [1, 2])
def test_a_copy_that_breaks_off_anywhere_leaves_one_epoch_whole(memory, run, tmp_path, monkeypatch, capsys, method, call):
    remote = begun("memory://kept", run(1))
    remote.update(run(1))
    whole, calls, real = content(run(1)), [], getattr(type(memory), method)

    def broken(self, path, *args, **options):
        calls.append(path)
        if len(calls) >= call:
            if method != "rm_file" and method != "cp_file":
                memory.store.pop(args[0] if method == "put_file" else path, None)
            raise ConnectionError("the line\nis dead")
        return real(self, path, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(type(memory), method, broken)
        remote.update(run(2))
        remote.update(run(2))
    out = capsys.readouterr().out
    assert len(calls) >= call and out.count("is not up to date (the line)") == 1
    Remote("memory://kept", "mine").fetch(tmp_path / "then")
    assert content(tmp_path / "then") in (whole, content(run(2)))

    remote.update(folder := run(3))
    Remote("memory://kept", "mine").fetch(tmp_path / "after")
    assert content(tmp_path / "after") == content(folder)
    assert len(memory.find("/kept")) == len(content(folder)) + 1
    assert "is up to date again" in capsys.readouterr().out


def test_two_trainings_do_not_mix(memory, run, tmp_path, capsys):
    first = begun("memory://kept", run(1))
    first.update(run(1))
    Remote("memory://kept", "mine").fetch(there := tmp_path / "there")
    second = begun("memory://kept", there)
    second.update(run(2, there))
    first.update(run(3))
    assert "not up to date (another training keeps it now)" in capsys.readouterr().out
    Remote("memory://kept", "mine").fetch(tmp_path / "then")
    assert content(tmp_path / "then") == content(there)


def test_what_is_in_the_way_is_told_before_training(memory, run, tmp_path):
    begun("memory://kept", run(0)).update(run(4))
    with pytest.raises(InputError, match=r"memory://kept/mine is there already; --resume save_weight/mine goes on"):
        Remote("memory://kept", "mine").begin("save_weight/mine", goes_on=False)
    with pytest.raises(InputError, match=r"has epoch 4, .*mine only 3; move"):
        Remote("memory://kept", "mine").begin(run(3), goes_on=True)
    with pytest.raises(InputError, match=r"there is neither .*other nor memory://kept/other"):
        Remote("memory://kept", "other").fetch(tmp_path / "other")


@pytest.mark.parametrize("manifest", [b"{", b"[]", b'{"epoch": 1, "files": {"../../x": "ab"}}', b'{"epoch": "1", "files": {}}'])
def test_a_damaged_manifest_is_named(memory, run, tmp_path, manifest):
    memory.pipe_file("/kept/mine/manifest.json", manifest)
    with pytest.raises(InputError, match=r"memory://kept/mine/manifest\.json is damaged"):
        Remote("memory://kept", "mine").fetch(tmp_path / "here")


def test_a_damaged_file_is_not_taken(memory, run, tmp_path):
    begun("memory://kept", run(1)).update(run(1))
    (state,) = (path for path in memory.find("/kept") if "state" in path)
    memory.pipe_file(state, b"cut short")
    with pytest.raises(InputError, match=r"state-.*npz is damaged"):
        Remote("memory://kept", "mine").fetch(tmp_path / "here")
    assert list(tmp_path.glob("*here*")) == []
    assert json.loads(memory.cat_file("/kept/mine/manifest.json"))["epoch"] == 1


def test_addresses_that_cannot_be(monkeypatch):
    with pytest.raises(InputError, match="--sync nowhere://x: Protocol not known: nowhere"):
        Remote("nowhere://x", "mine")

    def absent(*_):
        raise ImportError("Install s3fs to access S3") from ModuleNotFoundError("No module named 's3fs'", name="s3fs")

    monkeypatch.setattr("fsspec.url_to_fs", absent)
    with pytest.raises(InputError, match="--sync s3://x needs the package s3fs; install it with: pip install s3fs"):
        Remote("s3://x", "mine")
