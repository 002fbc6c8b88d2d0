# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Engines on disk: where they lie, for what they were built, and whether they may be loaded.

Comes in: an engine and what it was built for. Goes out: the same engine, on a machine that it
fits. Knows nothing about TensorRT. An engine is code that runs with the user's rights, so it is
read only where nobody else could have put it.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from spike_recon_ros.backends.backend import FULL_PRECISION
from spike_recon_ros.backends.user_cache import cache_folder, read_private, write_private
from spike_recon_ros.bundles.bundle import ONNX, Bundle
from spike_recon_ros.bundles.golden import read_golden
from spike_recon_ros.bundles.zoo import find_bundle
from spike_recon_ros.errors import UserError

FOLDER_VARIABLE = 'SPIKE_RECON_ENGINES'
"""Names another folder than that of the user's cache."""


@dataclass(frozen=True, slots=True)
class EngineKey:
    """What an engine was built for; it fits nothing else.

    Attributes:
        onnx_sha256: of the bundle's graph.
        library: name and version, as `tensorrt 10.3.0`.
        compute_capability: of the GPU, as `8.7`.
        size: of the tensors, as `352x264`.
        precision: `fp32`, `fp16` or `bf16`.
    """

    onnx_sha256: str
    library: str
    compute_capability: str
    size: str
    precision: str

    def difference(self, here: 'EngineKey') -> str:
        """Return what speaks against using the engine here, for people; empty if nothing does."""
        if self.library != here.library:
            return f'was built with {self.library}, this machine has {here.library}'
        if self.compute_capability != here.compute_capability:
            return (
                f'was built on compute capability {self.compute_capability}, the GPU here has '
                f'{here.compute_capability}'
            )
        if self.onnx_sha256 != here.onnx_sha256:
            return f'was built of another {ONNX}'
        return '' if self == here else f'is one for {self.size} in {self.precision}'

    @property
    def shortly(self) -> str:
        """Size and precision, as they are in the names of files: `352x264-fp16`."""
        return f'{self.size}-{self.precision}'


def onnx_sha256(bundle: Bundle) -> str:
    """Return the checksum of the graph, which reading the bundle has verified."""
    return str(bundle.description['sha256'][ONNX])


def engine_folder() -> Path:
    """Return where engines lie: the folder that the environment names, or the user's cache."""
    if given := os.environ.get(FOLDER_VARIABLE):
        return Path(given).expanduser()
    return cache_folder() / 'engines'


def build_command(bundle: Bundle, key: EngineKey) -> str:
    """Return the command that builds the engine of a bundle.

    The small engine of the self-test is built together with every other, so where that one is
    missing the size is left to the user.
    """
    name = bundle.name if find_bundle(bundle.name) == bundle.folder else str(bundle.folder)
    height, width = read_golden(bundle)[0].shape[2:]
    precision = '' if key.precision == FULL_PRECISION else f' --precision {key.precision}'
    if key.size == f'{width}x{height}':
        return f'spike-recon build {name}{precision} --size WxH, with the size of your sensor'
    return f'spike-recon build {name} --size {key.size}{precision}'


def engine_path(bundle: Bundle, key: EngineKey) -> Path:
    """Return the file of an engine; there is one for each bundle, size and precision."""
    name = re.sub(r'[^A-Za-z0-9_.-]', '_', bundle.name)
    return engine_folder() / f'{name}-{key.shortly}.engine'


def write_engine(bundle: Bundle, key: EngineKey, engine: bytes) -> Path:
    """Write an engine and, beside it, what it is for; replaces one of the same name."""
    path = engine_path(bundle, key)
    about = {'engine_sha256': hashlib.sha256(engine).hexdigest(), **asdict(key)}
    write_private(path, engine)
    write_private(path.with_suffix('.json'), json.dumps(about, indent=2).encode() + b'\n')
    return path


def read_engine(bundle: Bundle, here: EngineKey) -> bytes:
    """Return the engine of a bundle for this machine.

    Args:
        bundle: what is to run.
        here: what it must have been built for.

    Raises:
        UserError: there is none, it was built for something else, it is damaged, or somebody else
            may have written it.
    """
    path, cure = engine_path(bundle, here), f'run: {build_command(bundle, here)}'
    try:
        about = json.loads(read_private(path.with_suffix('.json')))
        engine = read_private(path)
    except FileNotFoundError:
        raise UserError(
            f'there is no engine of {bundle.name} for {here.size} in {here.precision} in '
            f'{path.parent}; {cure}'
        ) from None
    except (OSError, ValueError) as error:
        raise UserError(f'the engine {path} cannot be read ({error}); {cure}') from None
    try:
        expected = about.pop('engine_sha256')
        key = EngineKey(**about)
    except (AttributeError, KeyError, TypeError):
        raise UserError(f'nothing says what the engine {path} was built for; {cure}') from None
    if why_not := key.difference(here):
        raise UserError(f'the engine {path} {why_not}; {cure}')
    if hashlib.sha256(engine).hexdigest() != expected:
        raise UserError(f'the engine {path} is damaged (its sha256 differs); {cure}')
    return engine


def engines_there() -> Iterator[tuple[Path, EngineKey]]:
    """Yield the engines that are there, fit or not, and what each was built for; loads none."""
    for path in sorted(engine_folder().glob('*.engine')):
        try:
            about = json.loads(path.with_suffix('.json').read_bytes())
            yield path, EngineKey(**{name: about[name] for name in EngineKey.__slots__})
        except (OSError, ValueError, KeyError, TypeError):
            continue


def timing_cache_path(library: str, compute_capability: str) -> Path:
    """Return where builds keep what they measured, for one library on one kind of GPU."""
    return engine_folder() / f'timing-{library.replace(" ", "-")}-{compute_capability}.cache'


def read_timing_cache(path: Path) -> bytes:
    """Return a timing cache; nothing if there is none.

    Raises:
        UserError: somebody else may have written it.
    """
    try:
        return read_private(path)
    except FileNotFoundError:
        return b''


def write_timing_cache(path: Path, content: bytes) -> None:
    """Write a timing cache for the next build."""
    write_private(path, content)
