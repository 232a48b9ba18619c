"""How long to wait before another try, and when to stop trying."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Patience:
    """Exponential backoff with full jitter: any time between none and a limit that doubles, so that many uploads do not
    come back all at once."""

    give_up_after_s: float = 86_400.0
    """Without any success."""
    first_s: float = 1.0
    most_s: float = 60.0
    max_beginnings: int = 20
    """A storage that forgets an upload so often, part by part sent, will do so again."""

    def delay_s(self, failures: int, random: Random) -> float:
        """The wait after so many failures in a row, at least 1."""
        return random.uniform(0.0, min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 30)))
