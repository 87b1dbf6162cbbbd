"""People, by their roles: the same accounts in every run."""

from plimsoll.chain.account import Account

DEPLOYER = Account.of("deployer")
CURATOR = Account.of("curator")
GUARDIAN = Account.of("guardian")
LENDER = Account.of("lender")
OTHER_LENDER = Account.of("other lender")
BORROWER = Account.of("borrower")
OTHER_BORROWER = Account.of("other borrower")
LIQUIDATOR = Account.of("liquidator")
OPERATOR = Account.of("operator")
RECEIVER = Account.of("receiver")
STRANGER = Account.of("stranger")


def role(number: int) -> Account:
    """Somebody by a number."""
    return Account.of(f"role {number}")
