"""A token that its issuer can stop; the twin of ``contracts/mocks/BlocklistToken.vy``, without its list."""

from plimsoll.twin.chain import Chain, Token, require


class HaltingToken(Token):
    """While it is halted nobody can move it; it can still be minted and burnt."""

    def __init__(self, chain: Chain, address: str) -> None:
        """Not halted."""
        self.halted = False
        super().__init__(chain, address)

    def set_halted(self, _caller: str, halted: bool) -> None:
        """Stops all transfers, or lets them go on."""
        self.halted = halted

    def _move(self, owner: str, to: str, amount: int) -> None:
        require(not self.halted, "token: halted")
        super()._move(owner, to, amount)
