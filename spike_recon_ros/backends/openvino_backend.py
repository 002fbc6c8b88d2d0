# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Run networks with OpenVINO, the fastest library on most CPUs."""

import contextlib
import functools
import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.backends.active_part import ALIGNMENT, part_sizes
from spike_recon_ros.backends.backend import (
    EIGHT_BITS,
    FULL_PRECISION,
    Placement,
    StepEvents,
    check_input,
    check_size,
    chosen_precision,
)
from spike_recon_ros.backends.cpu_instructions import multiplies_bytes
from spike_recon_ros.backends.openvino_graph import internal_states, prepared, reads_blocks
from spike_recon_ros.backends.openvino_library import openvino
from spike_recon_ros.backends.openvino_parts import OpenVinoParts
from spike_recon_ros.backends.user_cache import (
    cache_folder,
    keep_newest,
    read_private,
    write_private,
)
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.bundles.description import FETCH_AGAIN
from spike_recon_ros.bundles.golden import BFLOAT16, FLOAT32, INT8
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.representations.voxel_blocks import (
    blocks_shape,
    tensor_to_blocks,
    write_blocks,
)

BRAIN = 'bf16'
VERSION = 2
"""Of what `prepared` makes of a graph, so that networks compiled before are not used."""
MOST_KEPT = 50
"""Number of compiled networks in the cache, about a megabyte each."""
_log = logging.getLogger(__name__)
_TOLERANCES = {EIGHT_BITS: INT8, BRAIN: BFLOAT16, FULL_PRECISION: FLOAT32}


def devices() -> tuple[str, ...]:
    """Return the devices on this machine; `gpu` is an Intel GPU."""
    found = openvino.Core().available_devices
    return ('cpu', 'gpu') if any(name.startswith('GPU') for name in found) else ('cpu',)


class OpenVinoBackend:
    """A network compiled for one size.

    On a CPU with the instructions for it, convolutions compute in int8 if the bundle has an int8
    graph, and everything else, or everything without such a graph, in bfloat16. Each step down in
    precision saves about a third of the time, with errors near one grey level (for spiking
    networks see bundles/golden.py). A bundle may rule bfloat16 out.

    Raises:
        UserError: the network cannot run at this size, the file is no ONNX graph, or OpenVINO
            cannot compute in the requested precision here.
    """

    step_events: StepEvents | None = None

    def __init__(self, bundle: Network, placement: Placement) -> None:
        check_size(bundle, placement)
        self._bundle, self._placement = bundle, placement
        core = openvino.Core()
        device = placement.device.upper()
        offered = _precisions(core, bundle) if device == 'CPU' else (FULL_PRECISION,)
        wanted = placement.acceleration.precision
        self.precision = chosen_precision('openvino', offered, wanted)
        rest = BRAIN if BRAIN in offered and self.precision != FULL_PRECISION else 'f32'
        computes_in = f'int8 and {rest}' if self.precision == EIGHT_BITS else rest
        self.name = f'openvino {computes_in} on {device}'
        self.tolerance = _TOLERANCES[self.precision].of(bundle)
        options: dict[str, Any] = {
            'INFERENCE_PRECISION_HINT': rest,
            'PERFORMANCE_HINT': 'LATENCY',
        }
        if device == 'CPU':
            # A single thread would be pinned to the first core, as those of all other networks on
            # the machine. Without pinning, the library uses no further threads.
            options |= {
                'INFERENCE_NUM_THREADS': placement.threads,
                'NUM_STREAMS': 1,
                'ENABLE_CPU_PINNING': placement.threads > 1,
            }
        onnx = (bundle.int8_onnx if self.precision == EIGHT_BITS else None) or bundle.onnx
        compiled = _compiled(core, onnx, bundle, placement, options)
        self._request = compiled.create_infer_request()
        self._new_request = compiled.create_infer_request
        self._trial: Any = None
        self._kept: dict[str, Any] = {}
        self._blocks: np.ndarray | None = None
        self._parts: OpenVinoParts | None = None
        if not reads_blocks(compiled):
            return
        shape = blocks_shape(bundle.bins, placement.height, placement.width)
        self._blocks = np.zeros((1, *shape), np.float32)
        if not _reads_only_plain_grid(bundle):
            return
        self._sensor = placement.sensor or (placement.height, placement.width)
        write_blocks(Events.empty(), 0, 1, self._sensor, self._blocks[0])  # compiles
        self.step_events = self._step_events
        if self._may_step_parts():
            self._parts = self._make_parts(core, onnx, options)
            self.name += ', active part'

    def step(self, x: np.ndarray, commit: bool = True) -> np.ndarray:
        """See Backend."""
        check_input(self._bundle, self._placement, x)
        if self._blocks is None:
            return self._infer(x[None], commit)
        tensor_to_blocks(x, self._blocks[0])
        return self._infer(self._blocks, commit)

    def _may_step_parts(self) -> bool:
        placement = self._placement
        return (
            placement.acceleration.parts
            and ALIGNMENT % self._bundle.pad_multiple == 0
            and self._bundle.output_scale == self._bundle.output_channels == 1
            and bool(self._bundle.state)
            and bool(part_sizes(placement.height, placement.width))
        )

    def _make_parts(self, core: Any, onnx: Path, options: dict[str, Any]) -> OpenVinoParts:
        bundle, placement = self._bundle, self._placement

        def compiled(size: tuple[int, int]) -> Any:
            where = replace(placement, height=size[0], width=size[1])
            return _compiled(core, onnx, bundle, where, options, stateful=False)

        return OpenVinoParts(bundle, (placement.height, placement.width), compiled)

    def _step_events(
        self, events: Events, t_start_ns: int, t_end_ns: int, commit: bool = True
    ) -> np.ndarray:
        assert self._blocks is not None
        write_blocks(events, t_start_ns, t_end_ns, self._sensor, self._blocks[0])
        if self._parts is not None:
            image = self._parts.step(events, self._blocks[0], self._request, commit)
            if image is not None:
                return image
        return self._infer(self._blocks, commit)

    @property
    def part_steps(self) -> int:
        """Steps that computed only the active part of the image."""
        return self._parts.steps if self._parts is not None else 0

    def _infer(self, x: np.ndarray, commit: bool) -> np.ndarray:
        if self._parts is not None and self._parts.give_back(self._request):
            self._kept = {}
        request = self._request if commit else self._trial_request()
        if commit:
            self._kept = {}
        outputs = request.infer([x], share_inputs=True, share_outputs=True)
        image = self._bundle.image(outputs[0]).copy()
        if self._parts is not None:
            self._parts.keep(image)
        return image

    def _trial_request(self) -> Any:
        """Return a second request with a copy of the state.

        The library updates the state of a request in place, so a step changes it.
        """
        if self._trial is None:
            self._trial = self._new_request()
        if not self._kept:  # the same for all steps until the next commit
            self._kept = {state.name: state.state for state in self._request.query_state()}
        for state in self._trial.query_state():
            state.state = self._kept[state.name]
        return self._trial

    def state(self, name: str) -> np.ndarray:
        """See Backend."""
        if self._parts is not None and (found := self._parts.state(name)) is not None:
            return found
        return np.array(internal_states(self._request, self._bundle)[name].state.data, np.float32)

    def reset(self) -> None:
        """Zero the state."""
        self._request.reset_state()
        if self._parts is not None:
            self._parts.reset()
        self._kept = {}

    def close(self) -> None:
        """Release the compiled network."""
        del self._request, self._trial, self._kept, self._new_request, self._parts


def _reads_only_plain_grid(bundle: Network) -> bool:
    """Return whether the whole input is a voxel grid without normalisation."""
    return isinstance(bundle, Bundle) and bundle.reads_plain_grid and not bundle.reads_frames


def _precisions(core: Any, bundle: Network) -> tuple[str, ...]:
    """Return the precisions that CPU and bundle allow, the fastest first."""
    able = core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
    eight = bundle.int8_onnx is not None and 'INT8' in able and multiplies_bytes()
    brain = 'BF16' in able and bundle.bfloat16
    return (EIGHT_BITS,) * eight + (BRAIN,) * brain + (FULL_PRECISION,)


def _compiled(
    core: Any,
    onnx: Path,
    bundle: Network,
    placement: Placement,
    options: dict[str, Any],
    *,
    stateful: bool = True,
) -> Any:
    """Return the compiled network, from the cache where possible: a node's start waits for it.

    The library refuses networks compiled by another version or for another CPU; they are compiled
    again. The golden output shows that a cached network computes the right images.
    """
    compile_here = functools.partial(_compile, core, onnx, bundle, placement, options, stateful)
    if placement.device != 'cpu':
        return compile_here()
    files = onnx.name, sorted(bundle.description['sha256'].items())  # external weights as well
    size = placement.height, placement.width
    key = (
        VERSION,
        stateful,
        openvino.__version__,
        files,
        bundle.state,
        size,
        sorted(options.items()),
    )
    digest = hashlib.sha256(repr(key).encode()).hexdigest()
    try:
        path = cache_folder() / 'openvino' / f'{digest[:32]}.blob'
    except UserError:  # no home folder: compiles at every start
        return compile_here()
    with contextlib.suppress(OSError, RuntimeError, UserError):
        return core.import_model(_without_checksum(read_private(path)), 'CPU', options)
    compiled = compile_here()
    try:
        blob = compiled.export_model().getvalue()
        write_private(path, hashlib.sha256(blob).digest() + blob)
        keep_newest(path.parent, '*.blob', MOST_KEPT)
    except (OSError, RuntimeError) as error:
        _log.info('the compiled network is not kept (%s), so each start compiles it', error)
    return compiled


def _without_checksum(content: bytes) -> bytes:
    """Return a cached network without the SHA-256 before it.

    The library itself may crash on damaged bytes.

    Raises:
        RuntimeError: the content is damaged.
    """
    size = hashlib.sha256().digest_size
    if hashlib.sha256(content[size:]).digest() != content[:size]:
        raise RuntimeError('its checksum differs')
    return content[size:]


def _compile(
    core: Any,
    onnx: Path,
    bundle: Network,
    placement: Placement,
    options: dict[str, Any],
    stateful: bool,
) -> Any:
    """Read and compile the graph for one size."""
    size = placement.height, placement.width
    try:
        model = prepared(core, onnx, bundle, size, stateful=stateful)
        return core.compile_model(model, placement.device.upper(), options)
    except Exception as error:  # also MemoryError, IndexError and others that pybind11 makes
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise UserError(f'OpenVINO cannot load {onnx} ({reason}); {FETCH_AGAIN}') from None
