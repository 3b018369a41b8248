"""predict.py as a whole process: frames per second, milliseconds per stage, peak memory at 1x and 8x the length, start-up.

    python benchmarks/predict.py --path save_weight/my_run --cfg … --weights … --names … --encoder …

Every figure is the median over --runs processes; each prints its own stages. The 8x video is the video eight times in a row.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SCRIPTS = ("extract_frames.py", "group_frames.py", "reverse_oversample.py", "generate_64.py", "train.py", "evaluate.py", "predict.py")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", default=os.environ.get("ACTION_DATA", "../shared/data") + "/videos/vtest.mp4")
    parser.add_argument("--path", required=True, help="the run")
    parser.add_argument("--runs", type=int, default=3)
    args, flags = parser.parse_known_args()
    print_processor()
    print_help_times(args.runs)
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.mp4"
        repeat(args.video, long, 8)
        peaks = {}
        for name, video, runs in (("1x", args.video, args.runs), ("8x", long, 1)):
            results = [predict(video, args.path, folder, flags) for _ in range(runs + (name == "1x"))][name == "1x" :]
            fastest = sorted(results, key=lambda r: r["rate"])[len(results) // 2]
            peaks[name] = statistics.median(r["peak"] for r in results)
            print(f"{name}: {fastest['rate']:.1f} frames/s, first frame after {fastest['first']:.2f} s, peak memory {peaks[name]:.0f} MiB")
            print(f"    ms per frame: {fastest['stages']}")
        print(f"peak memory 8x / 1x: {peaks['8x'] / peaks['1x']:.3f}")


def print_processor():
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if Path("/proc/cpuinfo").exists() else []
    print(f"{len(names) or os.cpu_count()} x {names[0] if names else 'unknown processor'}")


def print_help_times(runs):
    for script in SCRIPTS:
        seconds = []
        for _ in range(runs + 1):
            start = time.perf_counter()
            subprocess.run([sys.executable, script, "--help"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - start)
        print(f"{script} --help: {statistics.median(seconds[1:]):.2f} s")


def predict(video, path, output, flags):
    """One process: {"rate" frames/s, "first" seconds to the first frame, "peak" MiB, "stages" text}."""
    command = [sys.executable, str(ROOT / "predict.py"), "--video", str(video), "--path", path, "--output", str(output), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        text, error = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(error)
    rate, first, stages = re.search(r"frames, ([\d.]+) per second; first frame after ([\d.]+) s; per frame: (.*)", text).groups()
    return {"rate": float(rate), "first": float(first), "peak": usage.ru_maxrss / 1024, "stages": stages}


def repeat(source, target, times):
    """Write `source` `times` times in a row to `target`."""
    from video.io import VideoWriter, open_video

    with open_video(source) as reader:
        fps, size = reader.fps, (reader.width, reader.height)
    with VideoWriter(target, fps, size) as writer:
        for _ in range(times):
            with open_video(source) as reader:
                for frame in reader:
                    writer.write(frame.image)


if __name__ == "__main__":
    main()
