"""Times on an axis: dates in UTC, and below them the hours since the start."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

STEPS = (1 / 60, 1 / 30, 1 / 12, 1 / 6, 1 / 4, 1 / 2, 1, 2, 3, 6, 12, 24, 48, 168, 336, 720, 2160, 8760)
"""Hours between two marks."""


def ticks(start: datetime, hours: float, most: int) -> tuple[list[float], list[str]]:
    """Marks of the time from `start` on, at most `most`: hours since then, and what is written there.

    They stand at round times of the day, or at midnights. Midnight is written as its date.
    """
    step = next((step for step in STEPS if hours / step < most), STEPS[-1])
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    since = (start - midnight) / timedelta(hours=1)
    number = ceil(since / step - 1e-9)
    places, labels = [], []
    while number * step - since <= hours * (1 + 1e-9):
        place = number * step - since
        when = midnight + timedelta(hours=number * step)
        is_midnight = not (when.hour or when.minute)
        date = f"{when.day} {when:%b}" if is_midnight else f"{when:%H:%M}"
        places.append(place)
        labels.append(f"{date}\n+{_hours(place)}")
        number += 1
    return places, labels


def caption(start: datetime) -> str:
    """What an axis with these marks shows."""
    return f"UTC, from {start.day} {start:%B %Y}; below, since the start"


def _hours(hours: float) -> str:
    minutes = round(hours * 60)
    return f"{minutes // 60:,} h" if minutes % 60 == 0 else f"{minutes // 60}:{minutes % 60:02} h"
