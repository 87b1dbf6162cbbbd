"""The exact model of the contracts: pure integers, same names, same rounding.

Most Vyper modules have one here by their name. `cash`, `credit_lines`, `gates`, `lender_views`, `share_token`
and `waterfall` are part of `pool`; `book`, `limits`,
`operators`, `payments` and `vault_views` are part of `vault`.

Nothing here imports a chain, nor anything else outside the standard library.

Amounts are base units of their token, ratios WAD (1e18), prices loan base units per collateral base
unit times 1e36, times seconds; totals of the books ("values") are in 1/65536 of a base unit, called a
fraction. Debts round up, collateral values down, shares and assets against the caller; a function that
rounds says so in its name or docstring.
"""
