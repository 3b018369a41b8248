"""What an actor is told to do: a start, and walks, stands and fights in a row. Distances in metres, times in seconds.

The ground's coordinates: x to the camera's right, y away from it. Angles in radians, 0 along x, turning left.
"""

from dataclasses import dataclass, field

WALKS = ("swing", "pockets", "phone", "call", "folded")
STANDS = ("idle", "look", "phone", "call", "crossed", "hips", "pockets", "talk", "smoke", "wave")
ACTIONS = ("Fighting", "Standing", "Walking")


class Walk:
    """Walk through one (x, y) waypoint after the other; `manner` (one of `WALKS`) says what the arms do meanwhile."""

    action = "Walking"

    def __init__(self, *waypoints, speed=1.3, manner="swing"):
        if manner not in WALKS:
            raise ValueError(f"{manner!r} is no manner to walk in: {', '.join(WALKS)}")
        self.waypoints, self.speed, self.manner = waypoints, speed, manner


@dataclass
class Stand:
    """Stay for `seconds`, `manner` one of `STANDS`; turn to the point `facing` (x, y) if one is given."""

    seconds: float
    manner: str = "idle"
    facing: tuple | None = None
    action = "Standing"

    def __post_init__(self):
        if self.manner not in STANDS:
            raise ValueError(f"{self.manner!r} is no manner to stand in: {', '.join(STANDS)}")


@dataclass
class Fight:
    """Fight for `seconds` with the actor of number `opponent` (1-based), whose script must answer with a Fight of its own.

    It begins when both have come to it, and ends for both when the shorter of the two is over. Who comes first waits, standing.
    With `falls` one may be knocked down and get up again.
    """

    seconds: float
    opponent: int
    falls: bool = False
    action = "Fighting"


@dataclass
class Actor:
    """A person: where it begins, what it does (afterwards it stands idle), and how it looks (None: drawn from the scene's seed).

    `start` (x, y); `script` a list of Walk, Stand and Fight; `height` in metres; `look` a `samples.looks.Look`.
    """

    start: tuple
    script: list = field(default_factory=list)
    height: float | None = None
    look: object = None


def check_fights(actors):
    """Raise ValueError unless every Fight is answered by the opponent's."""
    for number, actor in enumerate(actors, 1):
        for step in actor.script:
            if isinstance(step, Fight):
                known = 1 <= step.opponent <= len(actors) and step.opponent != number
                answers = actors[step.opponent - 1].script if known else []
                if not any(isinstance(other, Fight) and other.opponent == number for other in answers):
                    raise ValueError(f"actor {number} fights actor {step.opponent}, whose script has no Fight({number})")
