import shutil
import signal
import subprocess
import sys
import time

import pytest


@pytest.fixture(scope="module")
def videos(data, tmp_path_factory):
    """Two real CCTV clips, one with an awkward name, and two files that are no videos."""
    folder = tmp_path_factory.mktemp("videos")
    (folder / "deep er").mkdir()
    shutil.copy(data / "fight_cctv/fight/fi002.mp4", folder / "fi2.mp4")
    shutil.copy(data / "fight_cctv/fight/fi001.mp4", folder / "deep er" / "-Überfall 10.mp4")
    return folder


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def undisturbed(videos, person_flags, script, tmp_path_factory):
    output = tmp_path_factory.mktemp("undisturbed")
    script("extract_frames.py", "--videos", videos, "--output", output, *person_flags)
    return output


def test_people_of_a_real_fight_are_found_in_the_videos_natural_order(undisturbed, rows):
    assert sorted(p.name for p in undisturbed.iterdir()) == ["-Überfall 10", "fi2"]
    first, second = rows(undisturbed / "-Überfall 10" / "tracks.csv"), rows(undisturbed / "fi2" / "tracks.csv")
    ids = [sorted({int(row["track_id"]) for row in table}) for table in (first, second)]
    assert ids[0] + ids[1] == list(range(1, len(ids[0] + ids[1]) + 1)) and len(ids[0]) >= 2 and len(ids[1]) >= 2
    for row in first + second:
        assert int(row["frame"]) >= 1 and float(row["height"]) > 10 and 0 < float(row["score"]) <= 1


def test_a_second_start_does_nothing(undisturbed, videos, person_flags, script):
    before = {p: p.stat().st_mtime_ns for p in undisturbed.rglob("*")}
    done = script("extract_frames.py", "--videos", videos, "--output", undisturbed, *person_flags)
    assert "2 finished before" in done.stdout
    assert {p: p.stat().st_mtime_ns for p in undisturbed.rglob("*")} == before


def test_killed_in_the_middle_and_started_again_gives_the_same_files(undisturbed, videos, person_flags, script, root, tmp_path):
    flags = ["--videos", str(videos), "--output", str(tmp_path), *person_flags]
    process = subprocess.Popen([sys.executable, "extract_frames.py", *flags], cwd=root, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".fi2.part/raw/*/*.jpg")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert (tmp_path / ".fi2.part").is_dir() and not (tmp_path / "fi2").exists()
    script("extract_frames.py", *flags)
    assert contents(tmp_path) == contents(undisturbed)


def test_bad_files_cost_a_line_each_and_the_exit_code_only(data, person_flags, script, tmp_path):
    """Every broken and odd file there is, with one good video: that one is done all the same."""
    videos = tmp_path / "videos"
    shutil.copytree(data / "odd_media", videos, copy_function=shutil.copyfile)
    videos.chmod(0o755)
    shutil.copy(data / "fight_cctv/fight/fi002.mp4", videos / "zz_good.mp4")
    output = tmp_path / "out"
    done = script("extract_frames.py", "--videos", videos, "--output", output, *person_flags, code=1)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    broken = {"chunk_out_of_range.mp4", "test_case_1185230.mp4", "zero_bytes.webm", "zero_empty_stsc.mp4"}
    assert len(errors) == len(broken) and all(any(name in line for line in errors) for name in broken)
    folders = {p.name for p in output.iterdir()}
    assert folders == {p.stem for p in videos.iterdir() if p.name not in broken}
    assert all((output / name / "tracks.csv").is_file() for name in folders)
    assert list((output / "zz_good").glob("*/*.jpg"))


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--videos", "no such folder"], "no folder no such folder"),
        (["--cfg", "none.cfg"], "no file none.cfg"),
        (["--person-class", "persn"], "person"),
    ],
)
def test_wrong_flags_are_one_line(videos, person_flags, script, tmp_path, flags, says):
    done = script("extract_frames.py", "--videos", videos, "--output", tmp_path, *person_flags, *flags, code=1)
    assert done.stderr.startswith("error:") and says in done.stderr and done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
