# Image of the command line: slim, without root, made for a read-only file system.
#   docker build --tag abcxyz .
#   docker run --rm --read-only --tmpfs /tmp --user "$(id -u):$(id -g)" --volume "$PWD:/data" \
#       abcxyz run job.toml --json
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src src
ARG EXTRAS=all
RUN python -m venv /opt/abcxyz \
    && /opt/abcxyz/bin/pip install --no-cache-dir ".[${EXTRAS}]"

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin abcxyz \
    && install --directory --owner abcxyz --group abcxyz --mode 0700 /data
COPY --from=build /opt/abcxyz /opt/abcxyz
# What caches is written to /tmp, the only place that is writable beside /data.
ENV PATH=/opt/abcxyz/bin:$PATH \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
# The signal that a run answers by ending in order.
STOPSIGNAL SIGINT
ENTRYPOINT ["abcxyz"]
CMD ["--help"]
