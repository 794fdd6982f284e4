# The operator's and the evaluator's images: `--target operator`, `--target evaluator`.
# BASE is any Debian with Python 3.11, pip and venv.
ARG BASE=python:3.11-slim-bookworm

# Bytecode is compiled here, once, and never compared with its source again: files of an image do not change, and where
# the root file system is read-only every start would compile anew what it imports.
FROM ${BASE} AS code
COPY LICENSE /opt/modelmonitor/
COPY operator/modelmonitor /opt/modelmonitor/modelmonitor
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /opt/modelmonitor

FROM ${BASE} AS operator
COPY requirements/operator.lock /opt/
# Wheels only: nothing is compiled, so there is nothing to leave behind in a stage of its own. The packages' own tests
# are left out, since nothing here runs them.
RUN python3 -m venv --without-pip /opt/venv \
    && python3 -m pip --python /opt/venv/bin/python --disable-pip-version-check --no-cache-dir install --quiet \
       --no-compile --only-binary :all: --require-hashes --no-deps --requirement /opt/operator.lock \
    && find /opt/venv -type d -name tests -prune -exec rm -rf {} + \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib
LABEL org.opencontainers.image.title="ModelMonitor operator" org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/modelmonitor \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
COPY --from=code /opt/modelmonitor /opt/modelmonitor
WORKDIR /opt/modelmonitor
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["python", "-m", "modelmonitor.controller"]

# Also runs the shipped trainer: `python -m modelmonitor.training`.
FROM ${BASE} AS evaluator
# LightGBM brings everything but GNU's OpenMP library.
RUN ldconfig -p | grep -q 'libgomp\.so\.1' \
    || (apt-get update -q && apt-get install -qy --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*)
COPY requirements/evaluator.lock /opt/
RUN python3 -m venv --without-pip /opt/venv \
    && python3 -m pip --python /opt/venv/bin/python --disable-pip-version-check --no-cache-dir install --quiet \
       --no-compile --only-binary :all: --require-hashes --no-deps --requirement /opt/evaluator.lock \
    && find /opt/venv -type d -name tests -prune -exec rm -rf {} + \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib
LABEL org.opencontainers.image.title="ModelMonitor evaluator" org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/modelmonitor \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
COPY --from=code /opt/modelmonitor /opt/modelmonitor
WORKDIR /opt/modelmonitor
USER 65532:65532
ENTRYPOINT ["python", "-m", "modelmonitor.evaluation"]
