# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Read and write engines on disk, each with a record of what it was built for.

An engine is code that runs with the user's rights: it is read only if nobody else could have
written it. TensorRT is not needed here.
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
from spike_recon_ros.bundles.golden import read_golden
from spike_recon_ros.bundles.network import ONNX, Network
from spike_recon_ros.bundles.zoo import find_network
from spike_recon_ros.errors import UserError

FOLDER_VARIABLE = 'SPIKE_RECON_ENGINES'
"""Environment variable that names another folder than the user's cache."""


@dataclass(frozen=True, slots=True)
class EngineKey:
    """What an engine was built for; it runs nowhere else.

    Attributes:
        onnx_sha256: checksum of the bundle's graph.
        library: name and version, like `tensorrt 10.3.0`.
        compute_capability: compute capability of the GPU, like `8.7`.
        size: width and height of the tensors, like `352x264`.
        precision: `fp32`, `fp16` or `bf16`.
    """

    onnx_sha256: str
    library: str
    compute_capability: str
    size: str
    precision: str

    def difference(self, here: 'EngineKey') -> str:
        """Return why the engine does not fit here, for people; empty if it does."""
        if self.library != here.library:
            return f'was built with {self.library}, this machine has {here.library}'
        if self.compute_capability != here.compute_capability:
            return (
                f'was built on compute capability {self.compute_capability}, the GPU here has '
                f'{here.compute_capability}'
            )
        if self.onnx_sha256 != here.onnx_sha256:
            return f'was built from another {ONNX}'
        return '' if self == here else f'was built for {self.size} in {self.precision}'

    @property
    def shortly(self) -> str:
        """Size and precision as in file names, like `352x264-fp16`."""
        return f'{self.size}-{self.precision}'


def onnx_sha256(bundle: Network) -> str:
    """Return the checksum of the graph, verified when the bundle was read."""
    return str(bundle.description['sha256'][ONNX])


def engine_folder() -> Path:
    """Return the folder of the engines: SPIKE_RECON_ENGINES, or one in the user's cache."""
    if given := os.environ.get(FOLDER_VARIABLE):
        return Path(given).expanduser()
    return cache_folder() / 'engines'


def build_command(bundle: Network, key: EngineKey) -> str:
    """Return the command that builds the engine of a bundle.

    The small engine of the self-test is built together with every other one. If it is missing,
    the command leaves the sensor's size to the user.
    """
    name = bundle.name if find_network(bundle.name) == bundle.folder else str(bundle.folder)
    height, width = read_golden(bundle)[0].shape[2:]
    precision = '' if key.precision == FULL_PRECISION else f' --precision {key.precision}'
    if key.size == f'{width}x{height}':
        return f'spike-recon build {name}{precision} --size WxH, with the size of your sensor'
    return f'spike-recon build {name} --size {key.size}{precision}'


def engine_path(bundle: Network, key: EngineKey) -> Path:
    """Return the path of an engine, one for each bundle, size and precision."""
    name = re.sub(r'[^A-Za-z0-9_.-]', '_', bundle.name)
    return engine_folder() / f'{name}-{key.shortly}.engine'


def write_engine(bundle: Network, key: EngineKey, engine: bytes) -> Path:
    """Write an engine and the record of what it was built for, over an earlier one.

    Raises:
        UserError: the folder cannot be written.
    """
    path = engine_path(bundle, key)
    about = {'engine_sha256': hashlib.sha256(engine).hexdigest(), **asdict(key)}
    _write(path, engine)
    _write(path.with_suffix('.json'), json.dumps(about, indent=2).encode() + b'\n')
    return path


def _write(path: Path, content: bytes) -> None:
    try:
        write_private(path, content)
    except OSError as error:
        raise UserError(
            f'{path} cannot be written ({error.strerror or error}); set {FOLDER_VARIABLE} to a '
            'folder that you may write'
        ) from None


def read_engine(bundle: Network, here: EngineKey) -> bytes:
    """Return the engine of a bundle for this machine.

    Args:
        bundle: the network to run.
        here: what the engine must have been built for.

    Raises:
        UserError: there is no engine, it was built for something else, it is damaged, or somebody
            else may have written it.
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
        raise UserError(
            f'the record of what the engine {path} was built for is damaged; {cure}'
        ) from None
    if why_not := key.difference(here):
        raise UserError(f'the engine {path} {why_not}; {cure}')
    if hashlib.sha256(engine).hexdigest() != expected:
        raise UserError(f'the engine {path} is damaged (its sha256 differs); {cure}')
    return engine


def engines_there() -> Iterator[tuple[Path, EngineKey]]:
    """Yield the path of each engine and what it was built for; loads none."""
    for path in sorted(engine_folder().glob('*.engine')):
        try:
            about = json.loads(path.with_suffix('.json').read_bytes())
            yield path, EngineKey(**{name: about[name] for name in EngineKey.__slots__})
        except (OSError, ValueError, KeyError, TypeError):
            continue


def timing_cache_path(library: str, compute_capability: str) -> Path:
    """Return the path of the timing cache for one library on one kind of GPU."""
    return engine_folder() / f'timing-{library.replace(" ", "-")}-{compute_capability}.cache'


def read_timing_cache(path: Path) -> bytes:
    """Return a timing cache, empty if there is none or it cannot be read.

    Raises:
        UserError: somebody else may have written it.
    """
    try:
        return read_private(path)
    except OSError:
        return b''


def write_timing_cache(path: Path, content: bytes) -> None:
    """Write a timing cache for the next build."""
    _write(path, content)
