"""The history of interventions as a tree: steps, and the branches that end in different ones. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.results import BoolArray, Codes, Image


@dataclass(eq=False)
class Step:
    """One state in the history of interventions. Nothing but its name ever changes.

    Attributes:
        label: what led here ("object_hue +", "do(0,3,4 = 17)", "reconstruction").
        python: the same as a line of Python for a notebook, empty for the start.
        moves: factor and signed number of steps that this step asks of it, None when it asks of none.
        moved, targets: variables that changed / were intervened on by this step, [N]; None at the start.
        name: given by the user, or empty.
    """

    label: str
    codes: Codes
    image: Image
    moved: BoolArray | None = None
    targets: BoolArray | None = None
    python: str = ""
    moves: tuple[int, int] | None = None
    name: str = ""

    @property
    def title(self) -> str:
        """What the user calls it."""
        return self.name or self.label


class Branches:
    """All branches of a history, oldest first; each is its whole path from the start.

    Two branches share the steps that they have in common. Nothing that was undone is lost: acting from an
    earlier step begins another branch, and the one that was left keeps its steps.

    Attributes:
        paths: the branches.
        present: which one the window is on; meaningless while there is none.
    """

    def __init__(self, paths: Sequence[Sequence[Step]] = (), present: int = 0) -> None:
        self.paths = [list(path) for path in paths]
        self.present = present

    @property
    def path(self) -> list[Step]:
        """The present branch; empty while there is no history."""
        return self.paths[self.present] if self.paths else []

    def steps(self) -> list[Step]:
        """Every step once, those of older branches first; each comes after the one it was made from."""
        return list(dict.fromkeys(step for path in self.paths for step in path))

    def grow(self, index: int, step: Step) -> None:
        """Go on from the present branch's step at `index`: at its end in it, earlier as another branch."""
        if index < len(self.path) - 1:
            self.paths.append(self.path[: index + 1])
            self.present = len(self.paths) - 1
        self.path.append(step)

    def building_on(self, place: int) -> list[Step]:
        """The present branch's step at `place` and all that were made from it, in all branches."""
        gone = self.path[place]
        return list(dict.fromkeys(s for path in self.paths if gone in path for s in path[path.index(gone) :]))

    def remove(self, place: int) -> None:
        """Take away the present branch's step at `place`, and what builds on it; the start stays.

        Raises:
            ValueError: `place` is the start's.
        """
        if place < 1:
            raise ValueError("the start of a history cannot be removed")
        gone, present = self.path[place], self.path
        for path in self.paths:
            if gone in path:
                del path[path.index(gone) :]
        # A branch that has become the beginning of another one is that other one; the newest of these counts
        ends = [path for n, path in enumerate(self.paths) if not _begins_another(path, n, self.paths)]
        self.present = max(n for n, path in enumerate(ends) if path[: len(present)] == present)
        self.paths = ends


def _begins_another(path: list[Step], place: int, paths: list[list[Step]]) -> bool:
    """Whether another branch begins with this one; of two that are alike the later counts."""
    return any(
        other[: len(path)] == path and (len(other) > len(path) or n > place)
        for n, other in enumerate(paths)
        if n != place
    )
