"""The junior tranche: pool shares staked against losses; the twin of ``contracts/periphery/Backstop.vy``.

Every function takes the caller first, returns what the contract returns, and raises `Revert` with the
contract's reason. Assets are pool shares, times seconds.
"""

from typing import NamedTuple

from plimsoll.twin.chain import Chain, checked, nonreentrant, require
from plimsoll.twin.pool import Pool
from plimsoll.twin.share_token import ShareToken
from plimsoll.units import DAY, NOBODY

WINDOW = 2 * DAY
WIPED = 10**9
WORN = 10**6
VIRTUAL = 1_000


def _ceil_div(numerator: int, denominator: int) -> int:
    return checked(numerator + denominator - 1) // denominator


class Part(NamedTuple):
    """Pool shares that belong to the holders of `supply` shares together, beside `VIRTUAL` of each."""

    assets: int = 0
    supply: int = 0
    generation: int = 0

    def shares_down(self, assets: int) -> int:
        """The shares that `assets` are worth, rounded down."""
        return checked(assets * checked(self.supply + VIRTUAL)) // (self.assets + VIRTUAL)

    def shares_up(self, assets: int) -> int:
        """The shares that `assets` are worth, rounded up."""
        return _ceil_div(assets * (self.supply + VIRTUAL), self.assets + VIRTUAL)

    def assets_down(self, shares: int) -> int:
        """What `shares` are worth, rounded down; at most all there is."""
        return min(self.assets, checked(shares * (self.assets + VIRTUAL)) // (self.supply + VIRTUAL))

    def assets_up(self, shares: int) -> int:
        """What `shares` are worth, rounded up."""
        return _ceil_div(shares * (self.assets + VIRTUAL), self.supply + VIRTUAL)

    def plus(self, assets: int, shares: int) -> "Part":
        """The part after a deposit."""
        return self._replace(assets=checked(self.assets + assets), supply=checked(self.supply + shares))

    def minus(self, assets: int, shares: int) -> "Part":
        """The part after a withdrawal; the last one leaves no dust."""
        rest = self.supply - shares
        return self._replace(assets=self.assets - assets if rest else 0, supply=rest)

    def renewed(self, bound: int) -> "Part":
        """The part, or an empty one after it when a share is worth less than 1/`bound` of par."""
        if self.assets * bound < self.supply:
            return Part(generation=self.generation + 1)
        return self


class Departure(NamedTuple):
    """A request to leave: shares of an escrow, and from when they may be redeemed."""

    shares: int = 0
    generation: int = 0
    matures: int = 0


class Books(NamedTuple):
    """Who owns the pool shares that the backstop holds."""

    stake: Part = Part()
    escrow: Part = Part()
    income: int = 0  # not yet earned
    stream_end: int = 0

    @property
    def known(self) -> int:
        """The pool shares in the books."""
        return self.stake.assets + self.escrow.assets + self.income


class Backstop(ShareToken):
    """A backstop's state and what can be done with it."""

    kind = "backstop"

    def __init__(self, chain: Chain, pool: Pool, address: str, cooldown: int, minimum_stake: int) -> None:
        """A backstop as its constructor leaves it."""
        super().__init__(chain, address)
        self.pool = pool
        self.cooldown = cooldown
        self.minimum_stake = minimum_stake
        self.stored = Books()
        self.synced_at = chain.now
        self.balances: dict[tuple[int, str], int] = chain.mapping()  # by generation and owner
        self.departures: dict[str, Departure] = chain.mapping()

    # ------------------------------------------------------------------------------- entering, leaving

    @nonreentrant
    def deposit(self, caller: str, assets: int, receiver: str) -> int:
        """Stakes pool shares; returns shares, rounded down."""
        books = self._synced()
        stake = books.stake.renewed(WORN)
        shares = stake.shares_down(assets)
        require(shares > 0 or assets == 0, "backstop: less than a share")
        self._enter(books._replace(stake=stake), caller, assets, shares, receiver)
        return shares

    @nonreentrant
    def mint(self, caller: str, shares: int, receiver: str) -> int:
        """Stakes what `shares` cost; returns pool shares, rounded up."""
        books = self._synced()
        stake = books.stake.renewed(WORN)
        assets = stake.assets_up(shares)
        self._enter(books._replace(stake=stake), caller, assets, shares, receiver)
        return assets

    @nonreentrant
    def request(self, caller: str, shares: int) -> int:
        """Requests to leave; returns the pool shares moved into the escrow."""
        books = self._synced()
        assets = books.stake.assets_down(shares)
        self._take(books.stake.generation, caller, shares)
        escrow = books.escrow.renewed(WORN)
        made = escrow.shares_down(assets)
        require(made > 0, "backstop: nothing to request")
        self._log("Transfer", caller, NOBODY, shares)
        books = books._replace(stake=books.stake.minus(assets, shares), escrow=escrow.plus(assets, made))
        self._store(books)
        matures = self.chain.now + self.cooldown
        self.departures[caller] = Departure(
            self.departing(caller, books) + made, books.escrow.generation, matures
        )
        self._log("DepartureRequested", caller, shares, assets, matures)
        return assets

    @nonreentrant
    def cancel(self, caller: str, owner: str) -> int:
        """Moves a request back into the stake; returns shares, rounded down."""
        books = self._synced()
        departing = self.departing(owner, books)
        require(departing > 0, "backstop: no request")
        lapsed = self.chain.now > self.departures[owner].matures + WINDOW
        require(caller == owner or lapsed, "backstop: not lapsed")
        self.departures[owner] = Departure()
        assets = books.escrow.assets_down(departing)
        stake = books.stake.renewed(WORN)
        shares = stake.shares_down(assets)
        require(shares > 0, "backstop: cancels to nothing")
        self._store(
            books._replace(stake=stake.plus(assets, shares), escrow=books.escrow.minus(assets, departing))
        )
        self._give(stake.generation, owner, shares)
        self._log("DepartureCancelled", owner, assets, shares)
        return shares

    @nonreentrant
    def redeem(self, caller: str, shares: int, receiver: str, owner: str) -> int:
        """Leaves with shares of the escrow; returns pool shares, rounded down."""
        books = self._synced()
        net = self.net(books)
        require(shares == 0 or _is_plain(books.escrow, net), "backstop: haircut, use leave")
        assets = net.assets_down(shares)
        self._leave(books, caller, assets, shares, receiver, owner)
        return assets

    @nonreentrant
    def withdraw(self, caller: str, assets: int, receiver: str, owner: str) -> int:
        """Leaves with pool shares; returns shares of the escrow, rounded up."""
        books = self._synced()
        net = self.net(books)
        require(assets == 0 or _is_plain(books.escrow, net), "backstop: haircut, use leave")
        shares = net.shares_up(assets)
        self._leave(books, caller, assets, shares, receiver, owner)
        return shares

    @nonreentrant
    def leave(self, caller: str, shares: int, min_assets: int, receiver: str, owner: str) -> int:
        """Leaves at any haircut that `min_assets` allows; returns pool shares, rounded down."""
        books = self._synced()
        assets = self.net(books).assets_down(shares)
        require(assets >= min_assets, "backstop: too few assets")
        self._leave(books, caller, assets, shares, receiver, owner)
        return assets

    @nonreentrant
    def sync(self) -> None:
        """Accounts for income received and losses."""
        self._store(self._synced())

    # ----------------------------------------------------------------------------------------- views

    def books(self) -> Books:
        """Who owns what as of now."""
        books = self.stored
        held = self.pool.balances.get(self.address, 0)
        gone = books.known - held
        if gone > 0:
            books = _after_loss(books, gone)
        now, elapsed = self.chain.now, self.chain.now - self.synced_at
        stake, escrow, income, end = books
        if stake.assets < self.minimum_stake or self.pool.backstop_haircut() > 0:
            end += elapsed
        else:
            left = max(0, end - now)
            earned = income * elapsed // (left + elapsed) if left else income
            stake, income = stake.plus(earned, 0), income - earned
        if gone < 0:
            arrived, left = -gone, max(0, end - now)
            end = now + _ceil_div(income * left + arrived * self.cooldown, income + arrived)
            income += arrived
        return Books(stake, escrow, income, end)

    def net(self, books: Books) -> Part:
        """The escrow as booking every provision now would leave it."""
        return _after_loss(books, min(books.known, self.pool.backstop_haircut())).escrow

    def enterable(self) -> Part:
        """The stake as it can be entered now."""
        return self.books().stake.renewed(WORN)

    def balance_of(self, owner: str) -> int:
        """Shares of `owner` in the present generation."""
        return self.balances.get((self.books().stake.generation, owner), 0)

    def departing(self, owner: str, books: Books) -> int:
        """Shares of the escrow in the request of `owner`."""
        departure = self.departures.get(owner, Departure())
        return departure.shares if departure.generation == books.escrow.generation else 0

    def max_redeem(self, owner: str) -> int:
        """Shares of the escrow that `owner` may redeem now; 0 when they are worth nothing."""
        books = self.books()
        net = self.net(books)
        if not _is_plain(books.escrow, net) or not self._is_mature(owner):
            return 0
        shares = self.departing(owner, books)
        return shares if net.assets_down(shares) else 0

    def max_withdraw(self, owner: str) -> int:
        """Pool shares that `owner` may withdraw now."""
        return self.net(self.books()).assets_down(self.max_redeem(owner))

    # ------------------------------------------------------------------------------------- internals

    def _synced(self) -> Books:
        books = self.books()
        difference = self.pool.balances.get(self.address, 0) - self.stored.known
        if difference < 0:
            self._log("LossBorne", -difference)
        elif difference > 0:
            self._log("IncomeArrived", difference, books.stream_end)
        return books

    def _store(self, books: Books) -> None:
        generations = books.stake.generation, books.escrow.generation
        if generations != (self.stored.stake.generation, self.stored.escrow.generation):
            self._log("Renewed", *generations)
        self.stored = books
        self.synced_at = self.chain.now

    def _enter(self, books: Books, caller: str, assets: int, shares: int, receiver: str) -> None:
        self._store(books._replace(stake=books.stake.plus(assets, shares)))
        self._give(books.stake.generation, receiver, shares)
        self.pool.transfer_from(self.address, caller, self.address, assets)
        self._log("Deposit", caller, receiver, assets, shares)

    def _leave(self, books: Books, caller: str, assets: int, shares: int, receiver: str, owner: str) -> None:
        require(self._is_mature(owner), "backstop: no mature request")
        require(shares <= self.departing(owner, books), "backstop: more than requested")
        require(assets <= books.escrow.assets, "backstop: more than requested")
        require(assets > 0 or shares == 0, "backstop: worth nothing")
        if caller != owner:
            self._spend_allowance(caller, owner, shares)
        departure = self.departures.get(owner, Departure())
        self.departures[owner] = departure._replace(shares=departure.shares - shares)
        gross = max(assets, books.escrow.assets_down(shares))  # the haircut arrives anew, as income
        self._store(books._replace(escrow=books.escrow.minus(gross, shares)))
        self.pool.transfer(self.address, receiver, assets)
        self._log("Withdraw", caller, receiver, owner, assets, shares)

    def _is_mature(self, owner: str) -> bool:
        matures = self.departures.get(owner, Departure()).matures
        return matures <= self.chain.now <= matures + WINDOW

    def _move(self, owner: str, to: str, amount: int) -> None:
        generation = self.books().stake.generation
        require(to != NOBODY, "backstop: zero address")
        self._take(generation, owner, amount)
        self.balances[generation, to] = self.balances.get((generation, to), 0) + amount
        self._log("Transfer", owner, to, amount)

    def _give(self, generation: int, to: str, amount: int) -> None:
        require(to != NOBODY, "backstop: zero address")
        self.balances[generation, to] = self.balances.get((generation, to), 0) + amount
        self._log("Transfer", NOBODY, to, amount)

    def _take(self, generation: int, owner: str, amount: int) -> None:
        balance = self.balances.get((generation, owner), 0)
        require(amount <= balance, "backstop: too few shares")
        self.balances[generation, owner] = balance - amount


def _is_plain(escrow: Part, net: Part) -> bool:
    """Whether provisions keep back at most 0.1 %, which needs no consent."""
    return net.assets * 1_000 >= escrow.assets * 999


def _after_loss(books: Books, loss: int) -> Books:
    """Income bears a loss first, then stake and escrow in proportion, the escrow's part rounded up."""
    rest = max(0, loss - books.income)
    stake, escrow = books.stake, books.escrow
    if rest:
        of_escrow = _ceil_div(rest * escrow.assets, stake.assets + escrow.assets)
        escrow = escrow._replace(assets=escrow.assets - of_escrow).renewed(WIPED)
        stake = stake._replace(assets=stake.assets - (rest - of_escrow)).renewed(WIPED)
    return books._replace(stake=stake, escrow=escrow, income=books.income - (loss - rest))
