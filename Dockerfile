# The laboratory and the keeper, from the wheel:
#
#   docker build --target lab -t plimsoll-lab .          docker run --rm plimsoll-lab run flash-wick
#   docker build --target keeper -t plimsoll-keeper .    docker run --rm -it plimsoll-keeper --help

FROM python:3.12.11-slim-bookworm AS wheel
WORKDIR /source
COPY . .
# The exact versions that were tried together, as constraints: what is not installed is not constrained.
RUN grep -hv "^-r" requirements/core.txt requirements/lab.txt > /constraints.txt \
    && pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.12.11-slim-bookworm AS base
COPY --from=wheel /constraints.txt /wheel/*.whl /wheel/
RUN useradd --uid 1000 --create-home plimsoll \
    && install -d -o 1000 -g 1000 /lab
WORKDIR /lab
ENTRYPOINT ["plimsoll"]
CMD ["--help"]

FROM base AS lab
RUN pip install --no-cache-dir --constraint /wheel/constraints.txt "$(echo /wheel/*.whl)[lab,anvil]"
USER 1000
# What is not ours to ship, into the user's cache.
RUN plimsoll fetch && plimsoll fetch anvil

FROM base AS keeper
RUN pip install --no-cache-dir --constraint /wheel/constraints.txt "$(echo /wheel/*.whl)[keeper]"
USER 1000
ENTRYPOINT ["plimsoll", "keep"]
