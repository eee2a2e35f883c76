# The stack of one machine, with its emulators: for a look, never for documents that matter.
#   docker compose --profile local up --build local
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONUTF8=1 \
    PYTHONPATH=/app

RUN groupadd --system --gid 10001 quire \
 && useradd --system --uid 10001 --gid quire --home-dir /data --shell /usr/sbin/nologin quire \
 && install -d -o quire -g quire -m 700 /data

WORKDIR /app
COPY infra/requirements/dev.txt requirements/
RUN python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes \
      -r requirements/dev.txt

COPY common/ common/
COPY functions/ functions/
COPY infra/ infra/
RUN python -m compileall -q --invalidation-mode unchecked-hash .

USER 10001:10001
VOLUME /data
CMD ["python", "-m", "infra.cli", "--home", "/data", "up"]
