"""A walk over several pairs of a split: which they are, and which is shown. No Qt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Walk:
    """Pairs to look at one after another.

    Attributes:
        positions: places in the split.
        title: what the pairs have in common.
        place: which of them is shown.
    """

    positions: list[int]
    title: str
    place: int = 0

    @property
    def position(self) -> int:
        """The present pair's place in the split."""
        return self.positions[self.place]

    def step(self, by: int) -> None:
        """On or back, round the ends."""
        self.place = (self.place + by) % len(self.positions)

    def words(self) -> str:
        """Where the walk stands."""
        return f"{self.place + 1} of {len(self.positions)}: {self.title}"
