"""The zip and the image at work: each function in a process of its own, as on the platform, and
the image's worker, between the local stack's services."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from standardwebhooks import Webhook

from infra.local.home import Home
from infra.local.layout import Layout
from infra.local.ports import HOST, choose_ports
from infra.local.processes import Says, Service
from infra.local.services import database, emulators
from infra.local.stack import Stack, StackOptions
from infra.local.valkey import valkey
from tests import image
from tests.deployed import REQUIREMENTS, Environment, Functions, deployed_functions, environment
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text
from tests.receiver import WebhookReceiver

#: Making the environments takes two minutes on two cores, and longer beside other tests.
pytestmark = pytest.mark.timeout(900)

INTERNAL = ("ingest", "merge", "maintain", "webhook")
PAGES = 40


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Functions:
    return deployed_functions(tmp_path_factory.mktemp("functions"))


@pytest.fixture(scope="module")
def worker_image(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Environment]:
    """The image's working folder, and an environment with its libraries."""
    folder = tmp_path_factory.mktemp("app")
    image.lay_out(folder)
    return folder, environment(REQUIREMENTS / "functions.txt", REQUIREMENTS / "worker.txt")


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """One for each internal function; the API has the stack's own."""
    return choose_ports(INTERNAL, {})


@pytest.fixture(scope="module")
def platform(
    functions: Functions,
    worker_image: tuple[Path, Environment],
    ports: dict[str, int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """The stack's services around what is deployed: every function has a URL of its own."""
    urls = {name: f"http://{HOST}:{port}/" for name, port in ports.items()}
    own = {f"TASKS__{name.upper()}_URL": urls[name] for name in ("ingest", "merge", "webhook")}
    own |= {f"INTERNAL__{name.upper()}__AUDIENCE": url for name, url in urls.items()}

    def services(layout: Layout) -> Sequence[Service]:
        return [
            database(layout),
            valkey(layout),
            calling(emulators(layout), urls),
            worker(layout, *worker_image),
            *(function(layout, functions, name, port) for name, port in ports.items()),
            function(layout, functions, "api", layout.ports["api"]),
        ]

    home = Home(tmp_path_factory.mktemp("platform"))
    with Stack(home, options=StackOptions(workers=2, extra_env=own), services=services) as stack:
        yield stack


def calling(service: Service, urls: dict[str, str]) -> Service:
    """Return the emulators with the functions' own URLs instead of the functions host's."""
    command = list(service.command)
    for name in ("ingest", "maintain"):
        command[command.index(f"--{name}-url") + 1] = urls[name]
    return replace(service, command=tuple(command))


def function(layout: Layout, functions: Functions, name: str, port: int) -> Service:
    command, variables = functions.process(name, port, layout.environment)
    return Service(
        name=name,
        command=command,
        environment={**variables, "GUNICORN_LOG_LEVEL": "info"},
        ready=Says("Listening at"),
        folder=functions.workspace,
    )


def worker(layout: Layout, folder: Path, libraries: Environment) -> Service:
    program, *arguments = image.command()
    return Service(
        name="worker",
        command=(str(libraries.folder / "bin" / program), *arguments),
        environment={
            **libraries.variables,
            **image.variables(),
            "PYTHONPATH": str(folder),
            **layout.environment,
        },
        ready=Says(r"celery@\S+ ready"),
        folder=folder,
        patience=15,
    )


@pytest.fixture
def quire(platform: Stack) -> Iterator[QuireClient]:
    with QuireClient(platform) as quire:
        yield quire


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.pdf"
    write_born_digital(path, [page_text(number) for number in range(PAGES)])
    return path


def test_an_upload_goes_through_every_deployed_function_and_the_images_worker(
    quire: QuireClient, book: Path
) -> None:
    with WebhookReceiver().serving() as receiver:
        job_id = quire.upload(book, webhook_url=receiver.url())
        job = quire.wait(job_id)
        told = receiver.next()
        secret = quire.http.get("/v1/webhooks/secret").json()["secret"]

    assert job["status"] == "completed"
    result = quire.result(job_id)
    assert [page["number"] for page in result["pages"]] == list(range(1, PAGES + 1))
    # In two chunks, so that the last one had merge called.
    assert {row["status"] for row in quire.rows("SELECT status FROM chunks")} == {"completed"}
    assert quire.rows("SELECT count(*) AS n FROM chunks")[0]["n"] == 2
    assert Webhook(secret).verify(told.body, told.headers)["data"]["job"]["job_id"] == job_id
    assert quire.maintain()["chunks_resent"] == 0


@pytest.mark.parametrize("name", INTERNAL)
def test_an_internal_function_refuses_whoever_is_not_its_caller(
    platform: Stack, ports: dict[str, int], name: str
) -> None:
    answer = httpx.post(f"http://{HOST}:{ports[name]}/", json={"job_id": str(uuid4())})

    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


def test_the_page_and_the_readiness_come_out_of_the_zip(quire: QuireClient) -> None:
    page = quire.http.get("/")
    ready = quire.http.get("/readyz")

    assert page.status_code == 200, page.text
    assert "<title>Quire" in page.text
    assert ready.status_code == 200, ready.text


def test_the_images_worker_ends_by_itself_within_the_platforms_ten_seconds(
    platform: Stack, worker_image: tuple[Path, Environment]
) -> None:
    service = worker(platform.layout, *worker_image)
    with subprocess.Popen(
        service.command,
        env=service.environment,
        cwd=service.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if "ready" in line:
                break
        process.terminate()
        process.communicate(timeout=10)
