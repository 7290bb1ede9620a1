"""The probes that are kept for an open data set, loaded once: no Qt, used by the engine thread only."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasets.cache import Cache
    from engine.metrics.probes import Probes


class KeptProbes:
    """Probes are made by an evaluation or a measurement; here they are only looked for."""

    def __init__(self) -> None:
        self._of: weakref.WeakKeyDictionary[Cache, Probes] = weakref.WeakKeyDictionary()

    def of(self, cache: Cache) -> Probes | None:
        """Those of a cache, or None where there are none, or no factor labels."""
        if not cache.has_factor_labels:
            return None
        if cache not in self._of:
            from engine.metrics.probe_store import kept_probes

            found = kept_probes(cache)
            if found is None:
                return None
            self._of[cache] = found
        return self._of[cache]
