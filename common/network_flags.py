"""The flags that recognisers bring along: their options, and where their weights come from."""

import argparse

from common.cli import boolean, positive_int
from common.training_run import positive_float
from models import MODES, RECOGNISERS, options_of, sees_boxes

PAIRS = [mode for mode, inputs in MODES.items() if len(inputs) == 2]


def add_option_flags(add):
    """Add a flag for every option that a recogniser has, with `add`, an ``add_argument``."""
    options = {name: option for recogniser in RECOGNISERS.values() for name, option in recogniser.options.items()}
    for name, option in options.items():
        defaults = ", ".join(f"{model} {one.options[name].default}" for model, one in RECOGNISERS.items() if name in one.options)
        kind = boolean if isinstance(option.default, bool) else positive_int if isinstance(option.default, int) else str
        add(f"--{name}", type=kind, choices=option.choices, help=f"{option.help} (default: {defaults})")


def add_start_flags(add):
    """Add the flags that say where a network's weights come from, with `add`, an ``add_argument``."""
    add("--pretrained", metavar="imagenet|none|FILE", help="weights of the backbone, if the model has one (default: imagenet)")
    add("--weights", nargs="+", action=_Weights, metavar="FILE|N",
        help="start from a run, .keras, .h5 or .hdf5: layers by name; a classifier for other classes stays new. "
        "Two numbers: how much each of --from-runs counts")  # fmt: skip
    add("--from-runs", nargs=2, metavar="RUN", help=f"two in one, of --mode {' or '.join(PAIRS)}; trains only if --epochs is given")
    ways = "how --from-runs become one: softmax of the mean of their logits (default), or that and what --model recurrent_fusion adds"
    add("--fuse", choices=("average", "recurrent"), help=ways)
    add("--freeze", action="store_true", help="train the classifier only; all before it stays as --weights or --from-runs have it")


def check_start_flags(parser, args):
    """Stop with exit code 2 where the flags of `add_start_flags` do not go together; --fuse recurrent is a model's name too."""
    if args.fuse == "recurrent":
        args.model = "recurrent_fusion"
    if (over := RECOGNISERS[args.model].over) and not args.from_runs:
        parser.error(f"--model {args.model} needs --from-runs, with a run of --model {over} --mode RGB and one of --mode Flow")
    if args.from_runs and (args.mode not in (None, *PAIRS) or args.weights):
        parser.error(f"--from-runs goes with --mode {' or '.join(PAIRS)} and without --weights FILE")
    if args.fuse and not args.from_runs:
        parser.error("--fuse needs --from-runs, the two runs that become one")
    if args.freeze and not (args.weights or args.from_runs):
        parser.error("--freeze needs --weights or --from-runs: a network that knows nothing is not worth keeping")


class _Weights(argparse.Action):
    """One value is a file, `weights`; two are numbers above 0, `fusion`."""

    def __call__(self, parser, namespace, values, option_string=None):
        if len(values) == 1:
            namespace.weights = values[0]
            return
        try:
            namespace.fusion = [positive_float(value) for value in values]
        except (ValueError, argparse.ArgumentTypeError):
            namespace.fusion = []
        if len(namespace.fusion) != 2:
            parser.error(f"argument --weights: {' '.join(values)} is neither a file nor two numbers above 0")


def chosen_options(parser, args):
    """{name: value} of all options that the recogniser has. Stops with exit code 2 for one that only others have, or that lacks others."""
    own = options_of(args.model, args.mode)
    given = {name: value for one in RECOGNISERS.values() for name in one.options if (value := getattr(args, name)) is not None}
    if fusion := getattr(args, "fusion", None):
        if "fusion" not in own:
            parser.error(f"--weights with two numbers goes with --from-runs or --mode {' or '.join(PAIRS)}")
        given["fusion"] = fusion
    if strange := [name for name in given if name not in own]:
        parser.error(f"--model {args.model} has no --{strange[0]}")
    if args.pretrained and "backbone" not in own:
        parser.error(f"--model {args.model} has no backbone that --pretrained could mean; --weights starts from other weights")
    options = {name: option.default for name, option in own.items()} | given
    if sees_boxes(options) != bool(args.tracks) or (args.tracks and args.region == "person"):
        parser.error("--query box and --tracks go together, and with --region frame")
    return options
