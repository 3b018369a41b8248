"""How good a run is on a list of clips, on the test side of a data set, or on whole videos.

    python evaluate.py --path save_weight/my_run --list datasetlist/vallist.txt
    python evaluate.py --path save_weight/my_run --list videos.txt --region person --positive Fighting
    python evaluate.py --path save_weight/my_run                             the test clips of the data set it was trained on
    python evaluate.py --path save_weight/my_run --test continuous           the same, strung together, a window sliding over them
    python evaluate.py --path save_weight/my_run --test video films          every video there, annotated as predict.py does
    python evaluate.py --path save_weight/my_table --csv features.csv

    list lines:  path class_index        64-frame clips as generate_64.py makes them, or, with --region, whole videos
    output:      summary.json predictions.csv confusion_matrix.csv confusion_matrix_normalised.csv confusion_matrix.png roc.png
                 class_frequency.csv class_frequency.png accuracy_by_frequency.png
      continuous window_position.csv accuracy_by_position.png labels_by_position.png strip.png continuous.mp4
      video      videos/<video>_actions.mp4 _actions.csv _events.csv

With --region a listed video counts as its highest window: the one surest of the positive class, or surest of all without one. With a
positive class the other classes count as one then: such a video says whether the action is in it, not what else is.
"""

from argparse import Namespace
from pathlib import Path

from common import datasets
from common.cli import bundled, positive_int, run, script_parser
from common.person_flags import add_person_flags, add_pose_flag

LIST = "datasetlist/vallist.txt"
MODES = {"clips": 1, "continuous": 1, "video": 2}  # and how many words each takes


def make_parser():
    parser = script_parser(__doc__)
    parser.add_argument("--path", default=bundled("save_weight/default"), help="run folder, .keras, or .hdf5 with its meta.json")
    parser.add_argument("--list", help=f"file with a line 'path class_index' per clip or video (default: {LIST}, or the run's --dataset)")
    parser.add_argument("--test", nargs="+", default=["clips"], metavar="MODE", help="clips (default), continuous, or video FILE|FOLDER")
    parser.add_argument("--testing_samples", type=positive_int, default=1, help="clips: so many windows evenly over each, scores averaged")
    parser.add_argument("--csv", help="for a run of features: a table of them with a column label, in place of a list")
    parser.add_argument("--positive", metavar="CLASS", help="also report ROC AUC and accuracy at the run's threshold for this class")
    parser.add_argument(
        "--region", choices=("person", "frame"), help="list lines are whole videos: score each person, or the whole picture"
    )
    parser.add_argument("--output", help="folder for the report (default: evaluation/<name of the list, or test> in the run's folder)")
    parser.add_argument("--cache", metavar="DIR", help="keep decoded frames and flow there")
    parser.add_argument("--stride", type=positive_int, help="frames between two windows (default: 16; continuous: a fifth of a window)")
    parser.add_argument("--smooth", type=positive_int, default=1, help="video: average each answer over the last N windows")
    parser.add_argument("--limit", type=positive_int, metavar="N", help="continuous: string only so many clips together (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="continuous: of the order of the clips")
    parser.add_argument("--every", type=positive_int, default=1, help="with --region: detect on every Nth frame")
    datasets.add_dataset_flags(parser)
    add_pose_flag(parser, default=None)
    add_person_flags(parser)
    return parser


def parse_args():
    """(arguments, the run): what says which clips is as the run was trained, where the command line does not say otherwise."""
    from models.run import Run

    parser = make_parser()
    trained = Run.open(parser.parse_args().path)
    recorded = trained.meta.get("arguments", {})
    args = parser.parse_args(namespace=Namespace(**{name: recorded[name] for name in datasets.FLAGS if name in recorded}))
    datasets.check_dataset_flags(parser, args, trained.mode)
    if args.testing_samples > 1 and (args.test[0] != "clips" or args.region or args.csv):
        parser.error("--testing_samples goes with clips; --region and the other tests have --stride")
    if args.test[0] not in MODES or len(args.test) != MODES[args.test[0]]:
        parser.error("--test is clips, continuous, or video with a file or folder behind it")
    return args, trained


def main():
    args, trained = parse_args()
    from common.errors import InputError
    from common.evaluation import against_rest
    from models import report
    from models.runtime import compile

    classes = trained.classes
    if args.positive not in (None, *classes):
        raise InputError(f"no class {args.positive!r} in {args.path}; it knows {', '.join(classes)}")
    if (args.csv is None) == (trained.mode == "Features"):
        raise InputError(f"{args.path} has --mode {trained.mode}; --csv goes with Features, and only with them")
    examples, skipped = ([], 0) if args.csv or args.test[0] == "video" else read_examples(args, trained)
    network = compile(trained, args.runtime, precision="float32" if args.csv else "auto")
    folder = Path(args.output) if args.output else trained.folder / "evaluation" / report_name(args)
    names, labels, scores = score(args, trained, network, examples, folder)
    if not names:
        print(f"no video's class is known, so there is nothing to count; {folder} has the answers")
        return
    if args.region and args.positive:
        labels, scores, classes = against_rest(labels, scores, classes, args.positive)
    summary = report.summarise(labels, scores, classes, args.positive, trained.threshold)
    if skipped:
        summary["skipped"] = skipped
    counts = None
    if "clips" in trained.meta and classes == trained.classes:
        tested = [example.label for example in examples] or list(labels)
        counts = trained.meta["clips"] | {"test": [tested.count(label) for label in range(len(classes))]}
    report.write_report(folder, names, labels, scores, classes, summary, counts)
    print(report.table(summary))
    print(folder)


def report_name(args):
    """The report's folder: after the list, or the mode and what it was given."""
    if args.csv:
        return Path(args.csv).stem
    if args.test[0] == "video":
        return f"video_{Path(args.test[1]).stem}"
    stem = Path(args.list or LIST).stem if args.list or args.dataset == "lists" else "test"
    return stem if args.test[0] == "clips" else f"{stem}_{args.test[0]}"


def score(args, trained, network, examples, folder):
    """(names, labels, scores (N, C)) of what --test says."""
    from common.evaluation import score_annotated, score_clips, score_continuous, score_table, score_videos

    if args.csv:
        return score_table(args, trained, network)
    if args.test[0] == "video":
        from predict import annotate

        return score_annotated(args, trained, network, annotate, folder)
    if args.test[0] == "continuous":
        return score_continuous(args, trained, network, examples, folder)
    scores = (score_videos if args.region else score_clips)(args, trained, network, examples)
    return [example.path for example in examples], [example.label for example in examples], scores


def read_examples(args, trained):
    """(clips or videos to score as `Example`s, how many were left out)."""
    from video.lists import check_clips, read_list

    if args.dataset != "lists" and not args.list:
        return datasets.read_test(args, trained)
    examples = read_list(args.list or LIST, len(trained.classes))
    lengths = check_clips(examples)
    if args.flow_archive and not args.region:
        datasets.check_flow(args.flow_archive, examples, lengths)
    return examples, 0


if __name__ == "__main__":
    run(main)
