"""The flags that recognisers bring along: their options, and where a backbone's weights come from."""

from common.cli import boolean, positive_int
from models import RECOGNISERS, options_of, sees_boxes


def add_option_flags(add):
    """Add a flag for every option that a recogniser has, with `add`, an ``add_argument``."""
    options = {name: option for recogniser in RECOGNISERS.values() for name, option in recogniser.options.items()}
    for name, option in options.items():
        defaults = ", ".join(f"{model} {one.options[name].default}" for model, one in RECOGNISERS.items() if name in one.options)
        kind = boolean if isinstance(option.default, bool) else positive_int if isinstance(option.default, int) else str
        add(f"--{name}", type=kind, choices=option.choices, help=f"{option.help} (default: {defaults})")


def chosen_options(parser, args):
    """{name: value} of all options that the recogniser has. Stops with exit code 2 for one that only others have, or that lacks others."""
    own = options_of(args.model, args.mode)
    given = {name: value for one in RECOGNISERS.values() for name in one.options if (value := getattr(args, name)) is not None}
    if strange := [name for name in given if name not in own]:
        parser.error(f"--model {args.model} has no --{strange[0]}")
    if args.pretrained and "backbone" not in own:
        parser.error(f"--model {args.model} has no backbone that --pretrained could mean; --weights starts from other weights")
    options = {name: option.default for name, option in own.items()} | given
    if sees_boxes(options) != bool(args.tracks) or (args.tracks and args.region == "person"):
        parser.error("--query box and --tracks go together, and with --region frame")
    return options
