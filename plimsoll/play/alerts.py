"""What somebody should know of a market at once, and who is told: the terminal, a file, a webhook."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

HEALTH, UTILISATION = Decimal("1.05"), Decimal("0.95")
WEBHOOK_SECONDS = 10
MOST_LOANS = 20  # of a vault or basket, the least healthy first


@dataclass(frozen=True)
class Limits:
    """When to speak up."""

    health: Decimal = HEALTH  # of a loan, below
    utilisation: Decimal = UTILISATION  # of the pool, from


class Alert(NamedTuple):
    """One thing that somebody should know.

    Attributes:
        kind: `health`, `oracle`, `utilisation`, `raise` or `chain`.
        where: the vault or basket, or `pool`.
        who: whose loan, or which collateral; empty for neither.
        words: all of it in a sentence.
    """

    kind: str
    where: str
    who: str
    words: str


def alerts(state: Mapping[str, Any], limits: Limits) -> list[Alert]:
    """The alerts of a state, as `Session.state` gives it.

    A loan that can be liquidated is told in other words than one that is close to it.
    """
    found = []
    pool, loan = state["pool"], state["loan"]["symbol"]
    for spoke in state["spokes"]:
        name, held = spoke["name"], spoke["positions"]
        for leg in spoke["legs"]:
            if leg["price"] is None:
                found.append(
                    Alert("oracle", name, leg["symbol"], f"The oracle of {leg['symbol']} is silent.")
                )
        loans = zip(held["owner"], held["debt"], held["health"], held["is_liquidatable"], strict=True)
        low = [each for each in loans if each[1] != "0" and Decimal(each[2]) < limits.health]
        if any(leg["price"] is None for leg in spoke["legs"]):
            low = [each for each in low if each[3]]  # without a price health is not known
        for owner, debt, health, is_liquidatable in sorted(low, key=lambda it: Decimal(it[2]))[:MOST_LOANS]:
            what = "can be liquidated" if is_liquidatable else f"is below {limits.health}"
            words = f"The loan of {owner} {what}: health {Decimal(health):.4f}, {debt} {loan} of debt."
            found.append(Alert("health", name, owner, words))
    if Decimal(pool["utilisation"]) >= limits.utilisation:
        part = f"{Decimal(pool['utilisation']):.1%}"
        found.append(Alert("utilisation", "pool", "", f"{part} of what lenders own is lent."))
    queued = pool["queued"]
    if queued and queued["limit"] and not queued["is_witnessed"]:
        ready = datetime.fromtimestamp(queued["ready"], UTC)
        words = (
            f"A raise to {queued['limit']} {loan} is queued for the {queued['subject']}, from "
            f"{ready:%Y-%m-%d %H:%M} UTC, and has no witness; anyone may call witness()."
        )
        found.append(Alert("raise", queued["subject"], "", words))
    return found


class Watch:
    """Tells what is new and what is over, each once; a webhook that failed is tried again later."""

    def __init__(
        self,
        network: str,
        say: Callable[[str], None],
        file: Path | None = None,
        webhook: str | None = None,
    ) -> None:
        """Nothing has been told.

        Args:
            network: whose market it is, for whoever reads.
            say: takes a line.
            file: a JSON object for each message is added to it.
            webhook: gets the same object by POST.
        """
        self._network, self._say, self._file, self._webhook = network, say, file, webhook
        self._known: dict[tuple[str, str, str], Alert] = {}
        self._unsent: list[dict[str, Any]] = []

    def look(self, found: Sequence[Alert], now: datetime) -> None:
        """Tells what has changed since the last look.

        Args:
            found: all alerts of now.
            now: when.

        Raises:
            OSError: the file cannot be written.
        """
        here = {each[:3]: each for each in found}
        news = [("new", each) for key, each in here.items() if key not in self._known]
        news += [("over", each) for key, each in self._known.items() if key not in here]
        self._known = here
        for what, alert in news:
            self._say(f"{now:%Y-%m-%d %H:%M:%S} {what:4}  {alert.where}: {alert.words}")
            message = {"time": now.isoformat(), "network": self._network, "what": what, **alert._asdict()}
            if self._file:
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(message) + "\n")
            if self._webhook:
                self._unsent.append(message)
        self._send()

    def _send(self) -> None:
        while self._unsent and self._webhook:
            body = json.dumps(self._unsent[0]).encode()
            request = Request(self._webhook, body, {"Content-Type": "application/json"})
            try:
                with urlopen(request, timeout=WEBHOOK_SECONDS):
                    del self._unsent[0]
            except (OSError, HTTPException) as error:
                self._say(f"The webhook does not answer ({error}); it is tried again at the next look.")
                return
