# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize gas
# pragma evm-version prague
"""
@title Backstop
@license AGPL-3.0-only
@notice The junior tranche of a pool: an ERC-4626 vault over the pool's shares. What is staked here bears losses
        before other lenders do, and earns a part of what the pool pays out of its reserve.
@dev The pool burns shares of this contract without calling it, and mints income to it in the same way; `sync`,
     with which every function begins, notices both. The pool shares held here are at any time

        stake    of the holders of this token (`totalAssets`)
        escrow   of requests to leave: bears losses, earns nothing
        income   received and not yet earned: joins the stake over a cooldown's length

     A loss is borne by income first, then by stake and escrow in proportion.

     Who wants to leave asks (`request`); after the cooldown there are two days to `redeem`, `withdraw` or
     `leave`, else the request lapses. Where ERC-4626 speaks of an owner's shares, those functions, their previews
     and maxima mean the shares of the escrow that they got for their request.

     While provisions exceed the pool's reserve, stakers leave by the same rule as lenders: what they are paid is
     what booking every provision now would leave of it. The rest of their part stays, as income that is earned
     once the provisions are gone. A haircut needs consent: `redeem` and `withdraw` refuse one of more than
     0.1 %, `leave` pays at any that its caller allows.

     Stake and escrow count 1,000 virtual shares and as many virtual assets, so that their only holder gains
     nothing by pumping the price of a share. A part of which a loss leaves less than 1e-9 of par begins a new
     generation: its shares are worth nothing and what is left is income.
@custom:security Not a price source. Losses that only a poke or a liquidation will show are not in its price.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from ethereum.ercs import IERC4626

from ..interfaces import IBackstop
from ..interfaces import IPool

implements: IERC4626

DAY: constant(uint256) = 86_400
WINDOW: constant(uint256) = 2 * DAY  # in which a mature request may be redeemed
COOLDOWN_MIN: constant(uint256) = 3 * DAY
COOLDOWN_MAX: constant(uint256) = 60 * DAY
WIPED: constant(uint256) = 10**9  # after a loss, a share worth less than 1/WIPED of par is worth nothing
WORN: constant(uint256) = 10**6  # nobody enters a part whose share is worth less than 1/WORN of par
VIRTUAL: constant(uint256) = 1_000  # shares, and pool shares that they are worth at par, of stake and escrow

POOL: immutable(address)
COOLDOWN: immutable(uint256)
MINIMUM_STAKE: immutable(uint256)

name: public(immutable(String[59]))
symbol: public(immutable(String[35]))
decimals: public(immutable(uint8))

stored: IBackstop.Books
synced_at: public(reentrant(uint256))  # time at which the books were stored
balances: HashMap[uint256, HashMap[address, uint256]]  # by generation of the stake
allowance: public(reentrant(HashMap[address, HashMap[address, uint256]]))
departures: HashMap[address, IBackstop.Departure]


@deploy
def __init__(pool: address, cooldown: uint256, minimum_stake: uint256):
    """
    @notice Deployed by the Factory with the pool.
    @param cooldown Seconds from a request to leave to leaving, 3 to 60 days; income is earned over as long.
    @param minimum_stake Pool shares below which income is not earned, so that dust cannot earn it all; at
           least as many as a whole token buys at par.
    """
    assert cooldown >= COOLDOWN_MIN and cooldown <= COOLDOWN_MAX, "backstop: cooldown 3 to 60 days"
    decimals = staticcall IERC20Detailed(pool).decimals()
    assert minimum_stake >= 10 ** convert(decimals, uint256), "backstop: minimum below a token"
    POOL = pool
    COOLDOWN = cooldown
    MINIMUM_STAKE = minimum_stake
    pool_name: String[50] = staticcall IPool(pool).name()
    pool_symbol: String[32] = staticcall IPool(pool).symbol()
    name = concat(pool_name, " Backstop")
    symbol = concat(pool_symbol, "-bs")
    self.synced_at = block.timestamp


# -------------------------------------------------------------------- entering


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    """
    @notice Stake `assets` pool shares of the caller; `receiver` gets the shares.
    @return Shares, rounded down.
    """
    books: IBackstop.Books = self._synced()
    books.stake = self._enterable(books.stake)
    shares: uint256 = self._to_shares_down(assets, books.stake)
    assert shares > 0 or assets == 0, "backstop: less than a share"
    self._enter(books, assets, shares, receiver)
    return shares


@external
def mint(shares: uint256, receiver: address) -> uint256:
    """
    @notice Stake what `shares` cost; `receiver` gets them.
    @return Pool shares, rounded up.
    """
    books: IBackstop.Books = self._synced()
    books.stake = self._enterable(books.stake)
    assets: uint256 = self._to_assets_up(shares, books.stake)
    self._enter(books, assets, shares, receiver)
    return assets


# --------------------------------------------------------------------- leaving


@external
def request(shares: uint256) -> uint256:
    """
    @notice Request to leave with `shares` of the caller. From now on they earn nothing and bear losses; after the
            cooldown they can be redeemed for two days. An earlier request is added and its cooldown restarts.
    @return Pool shares moved into the escrow, rounded down.
    """
    books: IBackstop.Books = self._synced()
    assets: uint256 = self._to_assets_down(shares, books.stake)
    self._burn(books.stake.generation, msg.sender, shares)
    books.stake = self._without(books.stake, assets, shares)

    books.escrow = self._enterable(books.escrow)
    made: uint256 = self._to_shares_down(assets, books.escrow)
    assert made > 0, "backstop: nothing to request"
    books.escrow = self._with(books.escrow, assets, made)
    self._store(books)

    matures: uint256 = block.timestamp + COOLDOWN
    self.departures[msg.sender] = IBackstop.Departure(
        shares=self._departing(msg.sender, books) + made, generation=books.escrow.generation, matures=matures
    )
    log IBackstop.DepartureRequested(owner=msg.sender, shares=shares, assets=assets, matures=matures)
    return assets


@external
def cancel(owner: address) -> uint256:
    """
    @notice Move all of `owner`'s request back into the stake at the current price: the owner at any time, anyone
            once the request has lapsed.
    @return Shares, rounded down.
    """
    books: IBackstop.Books = self._synced()
    departing: uint256 = self._departing(owner, books)
    assert departing > 0, "backstop: no request"
    lapsed: bool = block.timestamp > self.departures[owner].matures + WINDOW
    assert lapsed or msg.sender == owner, "backstop: not lapsed"
    self.departures[owner] = empty(IBackstop.Departure)
    assets: uint256 = self._to_assets_down(departing, books.escrow)
    books.escrow = self._without(books.escrow, assets, departing)

    books.stake = self._enterable(books.stake)
    shares: uint256 = self._to_shares_down(assets, books.stake)
    assert shares > 0, "backstop: cancels to nothing"
    books.stake = self._with(books.stake, assets, shares)
    self._store(books)
    self._mint(books.stake.generation, owner, shares)
    log IBackstop.DepartureCancelled(owner=owner, assets=assets, shares=shares)
    return shares


@external
def redeem(shares: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Leave with `shares` of the escrow out of `owner`'s mature request. Refused while provisions keep back
            more than 0.1 %: `leave` pays then, at a price that the caller bounds.
    @return Pool shares sent to `receiver`, rounded down.
    """
    books: IBackstop.Books = self._synced()
    net: IBackstop.Part = self._net(books)
    if shares > 0:
        self._check_haircut(books.escrow, net)
    assets: uint256 = self._to_assets_down(shares, net)
    self._leave(books, assets, shares, receiver, owner)
    return assets


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Leave with `assets` pool shares out of `owner`'s mature request. Refused as `redeem` is.
    @return Shares of the escrow burnt, rounded up.
    """
    books: IBackstop.Books = self._synced()
    net: IBackstop.Part = self._net(books)
    if assets > 0:
        self._check_haircut(books.escrow, net)
    shares: uint256 = self._to_shares_up(assets, net)
    self._leave(books, assets, shares, receiver, owner)
    return shares


@external
def leave(shares: uint256, min_assets: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Leave with `shares` of the escrow out of `owner`'s mature request, whatever provisions keep back.
    @param min_assets Revert when less would be sent, pool shares.
    @return Pool shares sent to `receiver`, rounded down.
    """
    books: IBackstop.Books = self._synced()
    assets: uint256 = self._to_assets_down(shares, self._net(books))
    assert assets >= min_assets, "backstop: too few assets"
    self._leave(books, assets, shares, receiver, owner)
    return assets


@external
def sync():
    """
    @notice Account for income received, losses, and income that time has released. Open to all.
    """
    self._store(self._synced())


# ------------------------------------------------------------------- the token


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Move `amount` shares from the caller to `to`.
    """
    self._transfer(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Move `amount` of `owner`'s shares to `to` out of the caller's allowance.
    """
    self._spend_allowance(owner, amount)
    self._transfer(owner, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Allow `spender` to move `amount` of the caller's shares, or to leave with as many of the escrow; the
            largest uint never decreases.
    """
    self.allowance[msg.sender][spender] = amount
    log IERC20.Approval(owner=msg.sender, spender=spender, value=amount)
    return True


@external
@view
def totalSupply() -> uint256:
    """
    @notice Shares of the stake; requests to leave are not counted.
    """
    return self._books().stake.supply


@external
@view
def balanceOf(owner: address) -> uint256:
    """
    @notice Shares of `owner`; 0 when a loss has ended their generation.
    """
    return self.balances[self._books().stake.generation][owner]


# ----------------------------------------------------------------------- views


@external
@view
@reentrant
def asset() -> address:
    """
    @notice The pool, whose shares are staked here.
    """
    return POOL


@external
@view
@reentrant
def cooldown() -> uint256:
    """
    @notice Seconds from a request to leave to leaving; income is earned over as long.
    """
    return COOLDOWN


@external
@view
@reentrant
def minimum_stake() -> uint256:
    """
    @notice Pool shares of stake below which income is not earned.
    """
    return MINIMUM_STAKE


@external
@view
def books() -> IBackstop.Books:
    """
    @notice The books as `sync` would leave them.
    """
    return self._books()


@external
@view
def departure_of(owner: address) -> IBackstop.Departure:
    """
    @notice The request of `owner`; without shares when there is none, or when a loss has ended its generation.
    """
    departure: IBackstop.Departure = self.departures[owner]
    departure.shares = self._departing(owner, self._books())
    return departure


@external
@view
def totalAssets() -> uint256:
    """
    @notice Pool shares of the stake; requests to leave are not counted.
    """
    return self._books().stake.assets


@external
@view
def convertToShares(assets: uint256) -> uint256:
    """
    @notice Shares that `assets` pool shares are worth, rounded down.
    """
    return self._to_shares_down(assets, self._books().stake)


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    """
    @notice Pool shares that `shares` of the stake are worth, rounded down.
    """
    return self._to_assets_down(shares, self._books().stake)


@external
@view
def previewDeposit(assets: uint256) -> uint256:
    """
    @notice Shares that a deposit of `assets` pool shares gives, rounded down.
    """
    return self._to_shares_down(assets, self._enterable(self._books().stake))


@external
@view
def previewMint(shares: uint256) -> uint256:
    """
    @notice Pool shares that `shares` cost, rounded up.
    """
    return self._to_assets_up(shares, self._enterable(self._books().stake))


@external
@view
def previewRedeem(shares: uint256) -> uint256:
    """
    @notice Pool shares that leaving with `shares` of the escrow gives, after any haircut, rounded down.
    """
    return self._to_assets_down(shares, self._net(self._books()))


@external
@view
def previewWithdraw(assets: uint256) -> uint256:
    """
    @notice Shares of the escrow that leaving with `assets` pool shares burns, after any haircut, rounded up.
    """
    return self._to_shares_up(assets, self._net(self._books()))


@external
@view
@reentrant
def maxDeposit(receiver: address) -> uint256:
    """
    @notice No limit other than the pool shares in existence.
    """
    return max_value(uint256)


@external
@view
@reentrant
def maxMint(receiver: address) -> uint256:
    """
    @notice No limit other than the pool shares in existence.
    """
    return max_value(uint256)


@external
@view
def maxRedeem(owner: address) -> uint256:
    """
    @notice Shares of the escrow that `owner` may redeem now; 0 while provisions keep back more than 0.1 %.
    """
    books: IBackstop.Books = self._books()
    return self._leavable(owner, books, self._net(books))


@external
@view
def maxWithdraw(owner: address) -> uint256:
    """
    @notice Pool shares that `owner` may withdraw now; 0 while provisions keep back more than 0.1 %.
    """
    books: IBackstop.Books = self._books()
    net: IBackstop.Part = self._net(books)
    return self._to_assets_down(self._leavable(owner, books, net), net)


# ------------------------------------------------------------ internals: books


@internal
@view
def _books() -> IBackstop.Books:
    """
    @notice The books as of now: losses taken off, released income earned, new income added.
    """
    books: IBackstop.Books = self.stored
    held: uint256 = staticcall IERC20(POOL).balanceOf(self)
    known: uint256 = self._total(books)
    if held < known:
        books = self._after_loss(books, known - held)

    elapsed: uint256 = block.timestamp - self.synced_at
    if books.stake.assets < MINIMUM_STAKE or staticcall IPool(POOL).backstop_haircut() > 0:
        books.stream_end += elapsed  # the stream stands still
    else:
        left: uint256 = max(books.stream_end, block.timestamp) - block.timestamp
        released: uint256 = books.income
        if left > 0:
            released = books.income * elapsed // (left + elapsed)
        books.income -= released
        books.stake.assets += released

    if held > known:
        # the stream's new end is the average of both ends, so that dust cannot postpone it
        arrived: uint256 = held - known
        left: uint256 = max(books.stream_end, block.timestamp) - block.timestamp
        books.stream_end = block.timestamp + self._ceil_div(
            books.income * left + arrived * COOLDOWN, books.income + arrived
        )
        books.income += arrived
    return books


@internal
@pure
def _after_loss(before: IBackstop.Books, loss: uint256) -> IBackstop.Books:
    """
    @notice Take `loss` pool shares off the books; the escrow's part is rounded up.
    """
    books: IBackstop.Books = before
    of_income: uint256 = min(loss, books.income)
    books.income -= of_income
    rest: uint256 = loss - of_income
    if rest > 0:
        of_escrow: uint256 = self._ceil_div(rest * books.escrow.assets, books.stake.assets + books.escrow.assets)
        books.escrow.assets -= of_escrow
        books.stake.assets -= rest - of_escrow
        books.escrow = self._renewed(books.escrow, WIPED)
        books.stake = self._renewed(books.stake, WIPED)
    # what is left of an ended generation is in no part: it counts as new income
    return books


@internal
@pure
def _renewed(part: IBackstop.Part, bound: uint256) -> IBackstop.Part:
    """
    @notice The part, or an empty one of a new generation when a share is worth less than 1/`bound` of par.
    """
    if part.assets * bound < part.supply:
        return IBackstop.Part(assets=0, supply=0, generation=part.generation + 1)
    return part


@internal
@pure
def _enterable(part: IBackstop.Part) -> IBackstop.Part:
    """
    @notice The part as somebody may enter it: so far from its end that a small loss cannot end it under them.
    """
    return self._renewed(part, WORN)


@internal
@view
def _net(books: IBackstop.Books) -> IBackstop.Part:
    """
    @notice The escrow as booking every provision now would leave it.
    """
    return self._after_loss(books, min(self._total(books), staticcall IPool(POOL).backstop_haircut())).escrow


@internal
@pure
def _is_plain(escrow: IBackstop.Part, net: IBackstop.Part) -> bool:
    """
    @notice Whether provisions keep back at most 0.1 %, which needs no consent.
    """
    return net.assets * 1_000 >= escrow.assets * 999


@internal
@pure
def _check_haircut(escrow: IBackstop.Part, net: IBackstop.Part):
    assert self._is_plain(escrow, net), "backstop: haircut, use leave"


@internal
def _synced() -> IBackstop.Books:
    """
    @notice The books as of now; logs losses and income.
    """
    held: uint256 = staticcall IERC20(POOL).balanceOf(self)
    known: uint256 = self._total(self.stored)
    books: IBackstop.Books = self._books()
    if held < known:
        log IBackstop.LossBorne(amount=known - held)
    elif held > known:
        log IBackstop.IncomeArrived(amount=held - known, stream_end=books.stream_end)
    return books


@internal
def _store(books: IBackstop.Books):
    stake: uint256 = books.stake.generation
    escrow: uint256 = books.escrow.generation
    if stake != self.stored.stake.generation or escrow != self.stored.escrow.generation:
        log IBackstop.Renewed(stake_generation=stake, escrow_generation=escrow)
    self.stored = books
    self.synced_at = block.timestamp


@internal
@pure
def _total(books: IBackstop.Books) -> uint256:
    """
    @notice The pool shares in the books.
    """
    return books.stake.assets + books.escrow.assets + books.income


# ------------------------------------------------------- internals: in and out


@internal
def _enter(books: IBackstop.Books, assets: uint256, shares: uint256, receiver: address):
    """
    @notice Pull `assets` pool shares from the caller into the stake; give `shares` to `receiver`.
    """
    after: IBackstop.Books = books
    after.stake = self._with(books.stake, assets, shares)
    self._store(after)
    self._mint(books.stake.generation, receiver, shares)
    extcall IERC20(POOL).transferFrom(msg.sender, self, assets)  # the pool reverts or returns true
    log IERC4626.Deposit(sender=msg.sender, owner=receiver, assets=assets, shares=shares)


@internal
def _leave(books: IBackstop.Books, assets: uint256, shares: uint256, receiver: address, owner: address):
    """
    @notice Burn `shares` of the escrow of `owner` and send `assets` pool shares to `receiver`. What the shares
            are worth in the books beyond that arrives anew, as income.
    """
    assert self._is_mature(owner), "backstop: no mature request"
    assert shares <= self._departing(owner, books), "backstop: more than requested"
    # below par the virtual part lets all shares ask for a few assets beyond the escrow
    assert assets <= books.escrow.assets, "backstop: more than requested"
    assert assets > 0 or shares == 0, "backstop: worth nothing"
    if msg.sender != owner:
        self._spend_allowance(owner, shares)
    self.departures[owner].shares -= shares
    after: IBackstop.Books = books
    after.escrow = self._without(books.escrow, max(assets, self._to_assets_down(shares, books.escrow)), shares)
    self._store(after)
    extcall IERC20(POOL).transfer(receiver, assets)  # the pool reverts or returns true
    log IERC4626.Withdraw(sender=msg.sender, receiver=receiver, owner=owner, assets=assets, shares=shares)


@internal
@view
def _departing(owner: address, books: IBackstop.Books) -> uint256:
    """
    @notice Shares of the escrow in the request of `owner`.
    """
    departure: IBackstop.Departure = self.departures[owner]
    return departure.shares if departure.generation == books.escrow.generation else 0


@internal
@view
def _is_mature(owner: address) -> bool:
    matures: uint256 = self.departures[owner].matures
    return block.timestamp >= matures and block.timestamp <= matures + WINDOW


@internal
@view
def _leavable(owner: address, books: IBackstop.Books, net: IBackstop.Part) -> uint256:
    """
    @notice Shares of the escrow that `owner` may redeem now; 0 when they are worth nothing.
    """
    if not self._is_plain(books.escrow, net) or not self._is_mature(owner):
        return 0
    shares: uint256 = self._departing(owner, books)
    return shares if self._to_assets_down(shares, net) > 0 else 0


# --------------------------------------------------- internals: shares of a part


@internal
@pure
def _with(part: IBackstop.Part, assets: uint256, shares: uint256) -> IBackstop.Part:
    return IBackstop.Part(
        assets=part.assets + assets, supply=part.supply + shares, generation=part.generation
    )


@internal
@pure
def _without(part: IBackstop.Part, assets: uint256, shares: uint256) -> IBackstop.Part:
    """
    @notice The part after `shares` have left with `assets`; with the last share the rounding dust leaves the
            part, and counts as new income.
    """
    supply: uint256 = part.supply - shares
    rest: uint256 = part.assets - assets if supply > 0 else 0
    return IBackstop.Part(assets=rest, supply=supply, generation=part.generation)


@internal
@pure
def _to_shares_down(assets: uint256, part: IBackstop.Part) -> uint256:
    return assets * (part.supply + VIRTUAL) // (part.assets + VIRTUAL)


@internal
@pure
def _to_shares_up(assets: uint256, part: IBackstop.Part) -> uint256:
    return self._ceil_div(assets * (part.supply + VIRTUAL), part.assets + VIRTUAL)


@internal
@pure
def _to_assets_down(shares: uint256, part: IBackstop.Part) -> uint256:
    """
    @dev The minimum: what is left below par after a loss is all that the last shares can have.
    """
    return min(part.assets, shares * (part.assets + VIRTUAL) // (part.supply + VIRTUAL))


@internal
@pure
def _to_assets_up(shares: uint256, part: IBackstop.Part) -> uint256:
    return self._ceil_div(shares * (part.assets + VIRTUAL), part.supply + VIRTUAL)


@internal
@pure
def _ceil_div(a: uint256, b: uint256) -> uint256:
    return (a + b - 1) // b


# -------------------------------------------------------- internals: the token


@internal
def _transfer(owner: address, to: address, amount: uint256):
    generation: uint256 = self._books().stake.generation
    assert to != empty(address), "backstop: zero address"
    assert amount <= self.balances[generation][owner], "backstop: too few shares"
    self.balances[generation][owner] -= amount
    self.balances[generation][to] += amount
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)


@internal
def _spend_allowance(owner: address, amount: uint256):
    """
    @notice Spend `amount` of the caller's allowance from `owner`; the largest uint never decreases.
    """
    allowed: uint256 = self.allowance[owner][msg.sender]
    if allowed != max_value(uint256):
        assert amount <= allowed, "backstop: allowance too small"
        self.allowance[owner][msg.sender] = allowed - amount


@internal
def _mint(generation: uint256, to: address, amount: uint256):
    assert to != empty(address), "backstop: zero address"
    self.balances[generation][to] += amount
    log IERC20.Transfer(sender=empty(address), receiver=to, value=amount)


@internal
def _burn(generation: uint256, owner: address, amount: uint256):
    assert amount <= self.balances[generation][owner], "backstop: too few shares"
    self.balances[generation][owner] -= amount
    log IERC20.Transfer(sender=owner, receiver=empty(address), value=amount)
