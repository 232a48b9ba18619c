"""What an examination finds wrong, in sentences: the first ones are kept, all are counted."""

from pydantic import BaseModel, ConfigDict

MAX_FINDINGS = 20


class Findings(BaseModel):
    """JSON-able."""

    model_config = ConfigDict(extra="ignore")

    sentences: list[str] = []
    left_out: int = 0

    def add(self, sentence: str) -> None:
        """Keeps it once, or only counts it where there are many."""
        if sentence in self.sentences:
            return
        if len(self.sentences) < MAX_FINDINGS:
            self.sentences.append(sentence)
        else:
            self.left_out += 1

    def extend(self, other: "Findings") -> None:
        """Takes those of another examination too."""
        for sentence in other.sentences:
            self.add(sentence)
        self.left_out += other.left_out

    def __bool__(self) -> bool:
        return bool(self.sentences)
