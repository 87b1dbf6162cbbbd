"""What `ape console` knows from the start: the connected network's contracts by name, and helpers.

The address book, `book`, and its contracts: `factory`, `lens`, `pools["pUSDC"]`, `councils["pUSDC"]`,
`backstops["pUSDC"]`, `vaults["pUSDC/weth"]`, `baskets["pbUSDC/blue"]`, `oracles["pUSDC/weth"]`,
`liquidator`, `leverage` and `uniswap`, and the mocks of a local chain, `tokens["USDC"]` and
`feeds["pUSDC/weth/collateral"]`. `market` is the book's first vault as a `plimsoll.Market`, without one its
first basket, `show(owner)` a position in it, `liquidations(receipt)` the closes of a transaction.
`deploy("markets/local-weth-usdc.yaml")` makes them all on an empty chain. See docs/deploying.md.
"""

from typing import Any


def ape_init_extras(networks: Any, project: Any) -> dict[str, Any]:
    """Called by ape when the console meets the first name that it does not know."""
    from rich import print as pretty

    import plimsoll
    from plimsoll import params
    from plimsoll.deploy import AddressBook, DeployError, book_path, deploy_market, signer

    provider = networks.provider

    def known(book: AddressBook) -> dict[str, Any]:
        """What goes by a name once it is deployed."""
        names: dict[str, Any] = {"book": book, **vars(book.contracts()), "market": None}
        if not ((book.vaults or book.baskets) and book.lens):
            return names
        kind = plimsoll.Market if book.vaults else plimsoll.BasketMarket
        market = kind.connect(provider, book)

        def show(what: Any) -> None:
            """Prints a position: somebody's, or a packed word of the vault's `positions`."""
            pretty(market.unpack(what) if isinstance(what, int) else market.position(what))

        def liquidations(receipt: Any) -> Any:
            """The closes of a transaction: a table in whole tokens."""
            return market.events("Liquidation", receipt=receipt)

        return names | {"market": market, "show": show, "liquidations": liquidations}

    def deploy(path: str, account: str | None = None) -> None:
        """Deploys what is missing of a market file and names it here; `account` as in `ape run deploy`."""
        from IPython import get_ipython

        try:
            get_ipython().push(known(deploy_market(path, signer(account, provider))))
        except DeployError as error:
            print(error)

    try:
        book = AddressBook.load(provider, book_path(provider))
    except DeployError as error:
        print(error)
        book = AddressBook.load(provider, None)
    return {
        "plimsoll": plimsoll,
        "deploy": deploy,
        "PRESETS": params.PRESETS,
        "WAD": params.WAD,
        "wad": params.wad,
        "per_second": params.per_second,
        "base_units": params.base_units,
        "price_of": params.price_of,
        **known(book),
    }
