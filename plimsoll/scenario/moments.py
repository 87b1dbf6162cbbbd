"""Points in time: what a scenario says of them, and what files of prices do; UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

YEARS = 2000, 2100  # between which all is
UNITS = (1, 10**3, 10**6, 10**9)  # in a second, of numbers since 1970


def _written(moment: Any) -> Any:
    if isinstance(moment, (int, float)):
        raise ValueError(f"{moment} is no date; write it like 2020-03-12T00:00:00Z")
    return moment


def _in_utc(moment: datetime) -> datetime:
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if not YEARS[0] <= moment.year < YEARS[1]:
        raise ValueError(f"the year is {moment.year}; it must be from {YEARS[0]} to {YEARS[1] - 1}")
    return moment


Moment = Annotated[datetime, BeforeValidator(_written), AfterValidator(_in_utc)]


def moment_of(text: str) -> datetime | None:
    """When a cell of a CSV file is, to the second; None where it is no time between `YEARS`.

    ISO 8601, UTC without a zone; or seconds, milliseconds, microseconds or nanoseconds since 1970.
    """
    try:
        if text.strip().replace(".", "", 1).isdecimal():
            since = float(text)
            unit = next((unit for unit in UNITS if _is_known(since / unit)), None)
            return datetime.fromtimestamp(round(since / unit), UTC) if unit else None
        return _in_utc(datetime.fromisoformat(text.strip()))
    except ValueError:
        return None


def _is_known(seconds: float) -> bool:
    first, end = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in YEARS)
    return first <= seconds < end


def shown(moment: datetime) -> str:
    """As a scenario would say it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
