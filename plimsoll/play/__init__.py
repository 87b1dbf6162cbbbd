"""A market to play with in a browser: `plimsoll play`. See docs/play.md.

`session` is the market and its people, `acts` what one can do with it, `tour` the steps of a first loan,
`paths` prices to let run, `app` the server, `static` the page. All state is on the chain.
"""
