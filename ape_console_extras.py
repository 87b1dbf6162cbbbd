"""What `ape console` knows from the start: the connected network's contracts by name, and helpers.

The address book, `book`, and its contracts: `factory`, `lens`, `pools["pUSDC"]`, `councils["pUSDC"]`,
`backstops["pUSDC"]`, `vaults["pUSDC/weth"]`, `oracles["pUSDC/weth"]`, `liquidator`, `leverage` and `uniswap`,
and the mocks of a local chain, `tokens["USDC"]` and `feeds["pUSDC/weth/collateral"]`. On an empty chain,
`deploy("markets/local-weth-usdc.yaml")` makes them. See docs/deploying.md.
"""

from typing import Any


def ape_init_extras(networks: Any, project: Any) -> dict[str, Any]:
    """Called by ape when the console meets the first name that it does not know."""
    import plimsoll
    from plimsoll import params
    from plimsoll.deploy import AddressBook, DeployError, book_path, deploy_market, signer

    provider = networks.provider

    def deploy(path: str, account: str | None = None) -> None:
        """Deploys what is missing of a market file and names it here; `account` as in `ape run deploy`."""
        from IPython import get_ipython

        try:
            book = deploy_market(path, signer(account, provider))
            get_ipython().push({"book": book, **vars(book.contracts())})
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
        "book": book,
        "PRESETS": params.PRESETS,
        "WAD": params.WAD,
        "wad": params.wad,
        "per_second": params.per_second,
        "base_units": params.base_units,
        "price_of": params.price_of,
        **vars(book.contracts()),
    }
