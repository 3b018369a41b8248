"""How an actor is dressed. Colours are BGR from 0 to 255."""

from dataclasses import dataclass

SKINS = ((148, 176, 222), (125, 158, 208), (104, 138, 192), (78, 112, 168), (55, 82, 130), (38, 56, 92))
HAIRS = ((28, 26, 26), (36, 42, 58), (48, 70, 104), (90, 130, 170), (140, 140, 140), (40, 55, 110))
TOPS = (
    (36, 34, 34), (70, 48, 34), (96, 92, 90), (196, 194, 190), (168, 178, 184), (52, 78, 66), (46, 44, 122), (48, 52, 170),
    (150, 96, 50), (176, 130, 70), (120, 110, 46), (90, 70, 160), (70, 150, 190), (160, 120, 150), (130, 150, 110),
)  # fmt: skip
TROUSERS = ((38, 36, 36), (92, 66, 46), (120, 90, 62), (70, 66, 64), (52, 70, 84), (120, 146, 164), (150, 150, 148), (48, 62, 56))
SHOES = ((30, 30, 32), (44, 58, 84), (200, 200, 198), (70, 70, 72), (60, 60, 130))
PATTERNS = ("plain", "hoops", "stripes", "check", "yoke", "open")


@dataclass(frozen=True)
class Look:
    """Colours and clothes. `pattern` (one of `PATTERNS`) lays `second` over `top`; `build` multiplies the body's girth."""

    top: tuple
    second: tuple
    trousers: tuple
    shoes: tuple
    skin: tuple
    hair: tuple
    pattern: str = "plain"
    build: float = 1.0
    short_sleeves: bool = False
    legs: str = "trousers"  # or "shorts", "skirt", "coat"
    long_hair: bool = False
    cap: bool = False
    backpack: tuple | None = None


def draw_look(rng):
    """A look drawn from a numpy Generator."""

    def pick(colours):
        shade = rng.uniform(0.85, 1.12)
        return tuple(min(float(part) * shade, 250.0) for part in colours[rng.integers(len(colours))])

    legs = ("trousers", "trousers", "trousers", "trousers", "shorts", "skirt", "coat")[rng.integers(7)]
    return Look(
        top=pick(TOPS), second=pick(TOPS), trousers=pick(TROUSERS), shoes=pick(SHOES), skin=pick(SKINS), hair=pick(HAIRS),
        pattern=PATTERNS[rng.choice(len(PATTERNS), p=(0.45, 0.12, 0.08, 0.1, 0.1, 0.15))],
        build=float(rng.uniform(0.98, 1.25)), short_sleeves=bool(rng.random() < 0.4 and legs != "coat"), legs=legs,
        long_hair=bool(rng.random() < (0.8 if legs == "skirt" else 0.25)), cap=bool(rng.random() < 0.15),
        backpack=pick(TOPS) if rng.random() < 0.15 else None,
    )  # fmt: skip
