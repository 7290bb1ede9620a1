"""What a study searches: settings with a range or a list of values, as people write them.

training.transition_rate=1e-4:1e-2:log      from ... to, evenly in its logarithm
autoencoder.codes=64:512                    from ... to; whole numbers where the setting takes those
transition.width=64,96,128                  one of these
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.config import Config
from engine.errors import InputError

Value = float | int | str


@dataclass(frozen=True)
class Searched:
    """One setting of the search.

    Attributes:
        key: "section.name".
        low: the least value of a range, as `high` None where values are listed.
        high: the largest one.
        log: whether the range is even in its logarithm.
        whole: whether the range is of whole numbers.
        values: the values of a list, as text; empty for a range.
    """

    key: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    whole: bool = False
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.values:
            return f"{self.key}={','.join(self.values)}"
        return f"{self.key}={self.low!r}:{self.high!r}{':log' if self.log else ''}"


def searched(text: str, config: Config) -> Searched:
    """Reads "section.name=low:high", "section.name=low:high:log" or "section.name=a,b,c".

    Args:
        text: what is searched.
        config: the settings that stay as they are; each end and each value alone must fit them.

    Raises:
        InputError: no such setting, no such form, an empty range, or a value that the setting does not take.
    """
    key, equals, right = (part.strip() for part in text.partition("="))
    if not equals or not right:
        raise InputError(
            f"'{text}' is no search; write it as training.transition_rate=1e-4:1e-2:log"
            " or transition.width=64,96,128"
        )
    if ":" not in right:
        return Searched(key, values=_values(key, right, config))
    low, high, log = _ends(text, right)
    current = _value_of(config.with_setting(key, low), key)
    config.with_setting(key, high)
    if isinstance(current, bool):
        raise InputError(f"{key} is yes or no; search {key}=true,false")
    return Searched(key, low, high, log, whole=isinstance(current, int))


def _values(key: str, right: str, config: Config) -> tuple[str, ...]:
    values = tuple(part.strip() for part in right.split(","))
    found = [_value_of(config.with_setting(key, value), key) for value in values]
    if len(set(found)) < 2:
        raise InputError(f"{key}={right} leaves nothing to search; give at least two different values")
    return tuple(str(value) for value in dict.fromkeys(found))


def _value_of(config: Config, key: str) -> Value:
    section, _, name = key.partition(".")
    value: Value = getattr(getattr(config, section), name)
    return value


def _ends(text: str, right: str) -> tuple[float, float, bool]:
    parts = [part.strip() for part in right.split(":")]
    log = parts[2:] == ["log"]
    try:
        low, high = float(parts[0]), float(parts[1])
        if len(parts) > 2 and not log:
            raise ValueError
    except ValueError:
        raise InputError(f"'{text}' is no range; write it as low:high or low:high:log") from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"'{text}' is an empty range; give the smaller number first")
    if log and low <= 0:
        raise InputError(f"'{text}': a range with :log must begin above 0")
    return low, high, log


def search_space(texts: list[str], config: Config) -> tuple[Searched, ...]:
    """All that is searched, sorted by key.

    Raises:
        InputError: as `searched`; nothing is searched, or a setting twice.
    """
    found = sorted((searched(text, config) for text in texts), key=lambda each: each.key)
    keys = [each.key for each in found]
    if not found:
        raise InputError("nothing is searched; give --search, such as transition.width=64,96,128")
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise InputError(f"{twice} is searched twice; give it once")
    return tuple(found)
