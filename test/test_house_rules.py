# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What holds the house together, read from the source without importing it."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from import_table import MAY_IMPORT

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = 'spike_recon_ros'
FOLDER_OF = {
    RUNTIME: RUNTIME,
    'spike_recon_models': 'models/spike_recon_models',
    'spike_recon_training': 'training/spike_recon_training',
}
ROS_PACKAGE = re.compile(r'rclpy|ament_\w+|launch|launch_ros|\w+_msgs|\w+_interfaces|std_srvs')
HEADER = ('# Copyright 2026 spike_recon_ros maintainers', '# SPDX-License-Identifier: Apache-2.0')
DIALECT = re.compile(
    r'Comes in:|Goes out:|[Kk]nows? nothing about'
    r'|\banew\b|\bsenseless\b|\bmakes? no sense\b|\b(?:is|are|be) taken in\b|\btold\b|\bsaid\b'
)
FORBIDDEN_NAMES = {'utils', 'helpers', 'common', 'misc'}
LONGEST_FILE, LONGEST_FUNCTION = 300, 60


def files_in(*folders: str) -> list[Path]:
    return sorted(
        file
        for folder in folders
        for file in (ROOT / folder).rglob('*.py')
        if '__pycache__' not in file.parts
    )


THIS = Path(__file__).resolve()
PACKAGE_FILES = files_in(*FOLDER_OF.values())
RUNTIME_FILES = [file for file in files_in(RUNTIME) if file != ROOT / RUNTIME / '__init__.py']
ALL_FILES = [
    ROOT / 'setup.py',
    *PACKAGE_FILES,
    *files_in('test', 'launch', 'tools', 'examples', 'benchmarks'),
]
SCRIPTS = sorted(file for file in (ROOT / 'scripts').iterdir() if file.is_file())


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def imports(file: Path) -> Iterator[str]:
    """Yield every module that a file imports, at its top or inside a function."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{name_of(file)}: imports are absolute here'
            module = node.module or ''
            # `from spike_recon_ros import nodes` imports a room, not only the package
            deeper = module == RUNTIME
            yield from (f'{module}.{alias.name}' if deeper else module for alias in node.names)


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding='utf-8'), str(file))


def top(module: str) -> str:
    return module.partition('.')[0]


def below(module: str, names: set[str]) -> bool:
    return any(module == name or module.startswith(f'{name}.') for name in names)


def offending(files: Iterable[Path], forbidden: Callable[[str], bool]) -> set[str]:
    """Return `file imports module` for each import that is not allowed."""
    return {
        f'{name_of(file)} imports {module}'
        for file in files
        for module in imports(file)
        if forbidden(module)
    }


def test_imports_run_one_way():
    offenders = set()
    for file in RUNTIME_FILES:
        room = file.relative_to(ROOT / RUNTIME).with_suffix('').parts[0]
        assert room in MAY_IMPORT, f'{room} is new: say in import_table.py what it may import'
        allowed = {f'{RUNTIME}.{name}' for name in (*MAY_IMPORT[room], room, '__version__')}
        offenders |= offending(
            [file],
            lambda module, allowed=allowed: (
                below(module, {RUNTIME}) and not below(module, allowed)
            ),
        )
    assert not offenders


def test_no_modules_import_each_other_in_a_circle():
    """Imports inside functions count: they hide a circle from Python, not from the reader.

    The `__init__` files are left out, because importing any module of a package runs them.
    """
    files = {module_name(file): file for file in PACKAGE_FILES if file.name != '__init__.py'}
    graph = {
        name: sorted({found for found in imported_names(file) if found in files} - {name})
        for name, file in files.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f'imports in a circle: {" <- ".join(error.args[1])}')


def module_name(file: Path) -> str:
    folder = next(ROOT / place for place in FOLDER_OF.values() if ROOT / place in file.parents)
    return '.'.join(file.relative_to(folder.parent).with_suffix('').parts)


def imported_names(file: Path) -> Iterator[str]:
    """Yield modules that a file imports, and names in them, which may be modules as well."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ''
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


OF_MODELS = {'bundles', 'errors', 'regular_file', 'representations'}
OF_TRAINING = {'packets', 'errors', 'cpu_threads', 'jit', 'topics', 'representations', 'sources'}
OF_TRAINING |= {'windows.window', 'calibration', 'regular_file', 'whole_file', 'bundles'}
OF_TRAINING |= {'sinks.output_path'}


@pytest.mark.parametrize(
    ('folder', 'names', 'packages'),
    [
        ('models', OF_MODELS, {'spike_recon_models'}),
        ('training', OF_TRAINING, {'spike_recon_models', 'spike_recon_training'}),
    ],
)
def test_models_and_training_use_only_these_modules_of_the_runtime(folder, names, packages):
    allowed = packages | {f'{RUNTIME}.{name}' for name in names}
    assert not offending(
        files_in(folder),
        lambda module: below(module, set(FOLDER_OF)) and not below(module, allowed),
    )


def test_only_nodes_import_ros():
    files = [file for file in PACKAGE_FILES if not file.is_relative_to(ROOT / RUNTIME / 'nodes')]
    assert not offending(files, lambda module: bool(ROS_PACKAGE.fullmatch(top(module))))


def test_the_runtime_imports_torch_in_one_backend_only():
    files = [file for file in RUNTIME_FILES if file.name != 'torch_backend.py']
    assert not offending(files, lambda module: top(module) in ('torch', 'spike_recon_models'))


def test_functions_are_compiled_with_the_lenient_cache():
    files = [file for file in PACKAGE_FILES if file.name != 'jit.py']
    offenders = {
        name_of(file)
        for file in files
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.ImportFrom) and node.module == 'numba'
        if {'njit', 'jit', 'vectorize', 'guvectorize'} & {alias.name for alias in node.names}
    }
    assert not offenders


def test_what_runs_live_does_not_import_the_training():
    above = 'cli', 'offline', 'evaluation', 'benchmarking'
    files = [f for f in RUNTIME_FILES if f.relative_to(ROOT / RUNTIME).parts[0] not in above]
    assert not offending(files, lambda module: top(module) == 'spike_recon_training')


def test_package_xml_lists_every_ros_package_that_is_imported():
    files = [*files_in(f'{RUNTIME}/nodes'), *files_in('launch')]
    listed = {item.text for item in ElementTree.parse(ROOT / 'package.xml').iter('exec_depend')}
    assert not offending(
        files,
        lambda module: bool(ROS_PACKAGE.fullmatch(top(module))) and top(module) not in listed,
    )


def test_every_file_has_the_licence_header():
    def header(file: Path) -> tuple[str, ...]:
        lines = file.read_text(encoding='utf-8').splitlines()
        return tuple(lines[1:3] if lines[0].startswith('#!') else lines[:2])

    assert not {name_of(file) for file in [*ALL_FILES, *SCRIPTS] if header(file) != HEADER}


def test_every_module_has_a_docstring():
    files = [*(f for f in ALL_FILES if not f.is_relative_to(ROOT / 'test')), *SCRIPTS]
    assert not {name_of(file) for file in files if not ast.get_docstring(parsed(file))}


def test_no_module_has_a_name_without_meaning():
    def words(file: Path) -> set[str]:
        return {word for part in file.relative_to(ROOT).parts for word in re.split('[_.]', part)}

    assert not {name_of(file) for file in ALL_FILES if words(file) & FORBIDDEN_NAMES}


def test_texts_are_plain_english():
    kinds = {'.py', '.md', '.rst', '.yaml', '.yml', '.cu'}
    files = {*ROOT.iterdir()}
    folders = ('benchmarks', 'config', 'docs', 'examples', 'launch', 'test', 'tools')
    for folder in (*folders, *FOLDER_OF.values()):
        files |= set((ROOT / folder).rglob('*'))
    found = {
        f'{name_of(file)}: {match.group()}'
        for file in files - {THIS}
        if file.is_file() and file.suffix in kinds
        for match in DIALECT.finditer(file.read_text(encoding='utf-8'))
    }
    assert not found


def test_sentences_are_printed_in_one_line():
    """Rich breaks lines at 80 columns where there is no terminal; logs are searched by line."""
    calls = {
        (file, call.lineno): {word.arg for word in call.keywords}
        for file in PACKAGE_FILES
        for call in ast.walk(parsed(file))
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith('console.print')
    }
    assert not {
        f'{name_of(file)}:{line}'
        for (file, line), words in calls.items()
        if 'markup' in words and 'soft_wrap' not in words
    }


def test_a_file_can_be_read_in_one_sitting():
    lengths = {file: len(file.read_text(encoding='utf-8').splitlines()) for file in ALL_FILES}
    assert not {name_of(file): n for file, n in lengths.items() if n > LONGEST_FILE}


def test_a_function_fits_on_a_screen():
    lengths = {
        f'{name_of(file)}: {node.name}': (node.end_lineno or 0) - node.lineno + 1
        for file in ALL_FILES
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION}


def test_nothing_names_a_place_outside_the_checkout():
    place = re.compile(r'/wor[k]/|\bshare[d]/')  # brackets, so that this file does not match
    kinds = {'.py', '.md', '.rst', '.yaml', '.yml', '.toml', '.cfg', '.xml', '.json', '.rviz'}
    folders = ('benchmarks', 'config', 'docs', 'interfaces', 'launch', 'scripts', 'test', 'tools')
    files = [ROOT / 'Makefile', *ROOT.iterdir()]
    for folder in (*folders, *FOLDER_OF.values()):
        files += (ROOT / folder).rglob('*')
    texts = [file for file in files if file.is_file() and file.suffix in kinds | {''}]
    texts = [file for file in texts if file.suffix or file.name == 'Makefile']
    assert not [name_of(file) for file in texts if place.search(file.read_text(encoding='utf-8'))]
