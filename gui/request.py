"""The root of all requests to the engine thread, and the kind under which answers arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


def kind_of(request: type[Request], view: str = "") -> str:
    """The kind under which a request's answers arrive."""
    return f"{request.__name__}/{view}" if view else request.__name__


@dataclass(frozen=True, eq=False)
class Request:
    """Root of all requests.

    Attributes:
        text: what the thread is doing, for the status bar; empty for work that is done at once.
        cancellable: whether `EngineThread.cancel(kind)` can end it early.
        background: stepped only when nothing interactive is waiting.
        durable: done even when the window is closing.
        view: set where two views ask the same question at the same time ("before", "after").
    """

    text: ClassVar[str] = ""
    cancellable: ClassVar[bool] = False
    background: ClassVar[bool] = False
    durable: ClassVar[bool] = False
    view: str = field(default="", kw_only=True)

    @property
    def kind(self) -> str:
        """Class name and view: "PickImage", "PickImage/before"."""
        return kind_of(type(self), self.view)
