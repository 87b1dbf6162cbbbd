"""People, by their roles."""

from plimsoll.testing import Account


def role(number: int) -> Account:
    """Somebody by a number."""
    return Account.of(f"role {number}")


DEPLOYER = role(99)
CURATOR, GUARDIAN = role(1), role(2)
LENDER, BORROWER, OTHER_BORROWER, LIQUIDATOR, RECEIVER, STRANGER = map(role, range(40, 46))
