"""How a browser ended."""

import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BrowserExit:
    """``status`` is the exit code or, negative, the signal; None if nobody saw it."""

    status: int | None
    out_of_memory: bool = False
    """The kernel ended a process of it, perhaps this one, because there was no more memory for it."""

    @property
    def code(self) -> int | None:
        return self.status if self.status is not None and self.status >= 0 else None

    @property
    def signal(self) -> signal.Signals | None:
        return signal.Signals(-self.status) if self.status is not None and self.status < 0 else None

    def __str__(self) -> str:
        if self.signal is not None:
            return f"signal {self.signal.name}"
        return "in an unknown way" if self.status is None else f"exit code {self.status}"
