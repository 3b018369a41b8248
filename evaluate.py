"""How good a run is on a list of clips or whole videos.

    python evaluate.py --path save_weight/my_run --list datasetlist/vallist.txt
    python evaluate.py --path save_weight/my_run --list videos.txt --region person --positive Fighting

    list lines:  path class_index        64-frame clips as generate_64.py makes them, or, with --region, whole videos
    output:      summary.json predictions.csv confusion_matrix.csv confusion_matrix.png roc.png

With --region a video counts as its highest window: the one surest of the positive class, or surest of all without one. With a
positive class the other classes count as one then: such a video says whether the action is in it, not what else is.
"""

from argparse import Namespace
from pathlib import Path

from common import datasets
from common.cli import positive_int, run, script_parser
from common.person_flags import add_person_flags

LIST = "datasetlist/vallist.txt"


def make_parser():
    parser = script_parser(__doc__)
    parser.add_argument("--path", default="save_weight/default", help="run folder, .keras, or .hdf5 with its meta.json")
    parser.add_argument("--list", help=f"file with a line 'path class_index' per clip or video (default: {LIST}, or the run's --dataset)")
    parser.add_argument("--positive", metavar="CLASS", help="also report ROC AUC and accuracy at the run's threshold for this class")
    parser.add_argument(
        "--region", choices=("person", "frame"), help="list lines are whole videos: score each person, or the whole picture"
    )
    parser.add_argument("--output", help="folder for the report (default: evaluation/<name of the list, or test> in the run's folder)")
    parser.add_argument("--cache", metavar="DIR", help="keep decoded frames and flow there")
    parser.add_argument("--stride", type=positive_int, default=16, help="with --region: frames between two windows of a person")
    parser.add_argument("--every", type=positive_int, default=1, help="with --region: detect on every Nth frame")
    datasets.add_dataset_flags(parser)
    add_person_flags(parser)
    return parser


def parse_args():
    """(arguments, the run): what says which clips is as the run was trained, where the command line does not say otherwise."""
    from models.run import Run

    parser = make_parser()
    trained = Run.open(parser.parse_args().path)
    recorded = trained.meta.get("arguments", {})
    args = parser.parse_args(namespace=Namespace(**{name: recorded[name] for name in datasets.FLAGS if name in recorded}))
    datasets.check_dataset_flags(parser, args)
    return args, trained


def main():
    args, trained = parse_args()
    from common.errors import InputError
    from models import report
    from models.runtime import compile

    classes = trained.classes
    if args.positive not in (None, *classes):
        raise InputError(f"no class {args.positive!r} in {args.path}; it knows {', '.join(classes)}")
    examples, skipped = read_examples(args, trained)
    network = compile(trained, args.runtime)
    score = score_videos if args.region else score_clips
    scores = score(args, trained, network, examples)
    labels = [example.label for example in examples]
    if args.region and args.positive:
        labels, scores, classes = against_rest(labels, scores, classes, args.positive)
    summary = report.summarise(labels, scores, classes, args.positive, trained.threshold)
    if skipped:
        summary["skipped"] = skipped
    name = Path(args.list or LIST).stem if args.list or args.dataset == "lists" else "test"
    folder = Path(args.output) if args.output else trained.folder / "evaluation" / name
    report.write_report(folder, [e.path for e in examples], labels, scores, classes, summary)
    print(report.table(summary))
    print(folder)


def read_examples(args, trained):
    """(clips or videos to score as `Example`s, how many were left out)."""
    from video.lists import check_clips, read_list

    if args.dataset != "lists" and not args.list:
        return datasets.read_test(args, trained)
    examples = read_list(args.list or LIST, len(trained.classes))
    check_clips(examples)
    return examples, 0


def against_rest(labels, scores, classes, positive):
    """Labels, scores and names of two classes: the positive one and all others together."""
    import numpy as np

    column = classes.index(positive)
    score = scores[:, column]
    return [int(label != column) for label in labels], np.stack([score, 1 - score], axis=1), [positive, f"not {positive}"]


def score_clips(args, trained, network, examples):
    """Scores (N, C): each clip's central window, decoded ahead of the network."""
    import numpy as np
    from tqdm import tqdm

    from common.threads import prefetch
    from video.samples import Sampler

    sampler = Sampler(trained.frames, trained.window, trained.size, trained.mode, trained.flow, trained.fps, cache=args.cache)
    samples = tqdm(prefetch(sampler(example.path) for example in examples), total=len(examples), unit="clip")
    return np.stack([network({name: array[None] for name, array in sample.items()})[0] for sample in samples])


def score_videos(args, trained, network, examples):
    """Scores (N, C): the highest window of each video; zeros where nobody is seen for long enough."""
    import numpy as np
    from tqdm import tqdm

    from common.person_flags import person_source
    from video.recognise import highest_window, windows_of

    persons_of = person_source(args, args.region)
    column = trained.classes.index(args.positive) if args.positive else None
    rows = [
        highest_window(example.path, windows_of(trained, args.stride), network, persons_of, column)
        for example in tqdm(examples, unit="video")
    ]
    nobody = sum(row is None for row in rows)
    if nobody:
        print(f"nobody is seen for long enough in {nobody} of {len(rows)} videos; they score 0 in every class")
    return np.stack([np.zeros(len(trained.classes), np.float32) if row is None else row for row in rows])


if __name__ == "__main__":
    run(main)
