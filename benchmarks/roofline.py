# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The least work of a network and the highest rates of a device.

Bound from below (Williams et al., "Roofline", CACM 2009): no step is faster than its operations at
the rate of a large matrix product, nor than its bytes at the rate of a large copy. Operations are
those of convolutions and matrix products, two for each multiplication and addition. Bytes are
those that no fusion avoids: weights, input, image, and the state in and out.
"""

import math
import time
from importlib import import_module
from typing import Any

import numpy as np

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.bundles.bundle import Bundle

ITEM_BYTES = {'fp32': 4, 'fp16': 2, 'bf16': 2}
_MATRIX, _COPY_BYTES, _REPEATS = 4096, 1 << 28, 20
_SMALL_MATRIX, _SMALL_COPY_BYTES = 256, 1 << 20


def work_of(bundle: Bundle, placement: Placement, precision: str) -> dict[str, float] | None:
    """Return the `operations` and the least `bytes` of one step; None without the library onnx."""
    try:
        onnx = import_module('onnx')
    except ImportError:
        return None
    states = {
        f'{name}_in': shape
        for name, shape in bundle.state_shapes(placement.height, placement.width).items()
    }
    model = onnx.load(bundle.onnx)
    _fix_sizes(model, states, placement)
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    graph = model.graph
    known = (*graph.input, *graph.output, *graph.value_info)
    shapes = {
        one.name: [axis.dim_value for axis in one.type.tensor_type.shape.dim] for one in known
    }
    shapes |= {one.name: list(one.dims) for one in graph.initializer}
    operations = sum(_operations(node, shapes) for node in graph.node)
    item = ITEM_BYTES[precision]
    floats = onnx.TensorProto.FLOAT
    weights = sum(math.prod(one.dims) for one in graph.initializer if one.data_type == floats)
    ends = sum(
        math.prod(shapes[one.name]) * (item if name in states else ITEM_BYTES['fp32'])
        for one in (*graph.input, *graph.output)
        for name in [one.name.replace('_out', '_in')]
    )
    return {'operations': float(operations), 'bytes': float(weights * item + ends)}


def peaks(dry_run: bool) -> dict[str, Any]:
    """Return measured rates: `operations_a_second` by precision, and `bytes_a_second`."""
    if dry_run:
        return _peaks_of_numpy()
    try:
        torch = import_module('torch')
        if not torch.cuda.is_available():
            raise ImportError('torch has no CUDA')
    except ImportError as error:
        return {'not_measured': f'PyTorch with CUDA measures them ({error})'}
    return _peaks_of_torch(torch)


def utilisation(
    work: dict[str, float] | None, rates: dict[str, Any], precision: str, ms: float
) -> dict[str, float] | None:
    """Return the shortest times that the rates allow, ms, and their share of `ms`."""
    if work is None or 'bytes_a_second' not in rates:
        return None
    computing = 1e3 * work['operations'] / rates['operations_a_second'][precision]
    moving = 1e3 * work['bytes'] / rates['bytes_a_second']
    least = max(computing, moving)
    return {
        'least_ms_computing': computing,
        'least_ms_moving': moving,
        'share_of_roofline': least / ms,
    }


def _fix_sizes(model: Any, states: dict[str, tuple[int, ...]], placement: Placement) -> None:
    """Replace symbolic sizes in the graph by numbers."""
    for one in model.graph.input:
        axes = one.type.tensor_type.shape.dim
        whole = 1, axes[1].dim_value, placement.height, placement.width
        sizes = states.get(one.name, whole)
        for axis, size in zip(axes, sizes, strict=True):
            axis.dim_value = size
    del model.graph.value_info[:]
    for one in model.graph.output:
        for axis in one.type.tensor_type.shape.dim:
            axis.ClearField('dim_param')
            axis.ClearField('dim_value')


def _operations(node: Any, shapes: dict[str, list[int]]) -> int:
    attributes = {one.name: one for one in node.attribute}
    if node.op_type == 'Conv':
        weight = shapes[node.input[1]]
        return 2 * math.prod(shapes[node.output[0]]) * math.prod(weight[1:])
    if node.op_type == 'ConvTranspose':
        weight = shapes[node.input[1]]
        return 2 * math.prod(shapes[node.input[0]]) * math.prod(weight[1:])
    if node.op_type in ('MatMul', 'Gemm'):
        first = shapes[node.input[0]]
        turned = 'transA' in attributes and attributes['transA'].i
        return 2 * math.prod(shapes[node.output[0]]) * first[-2 if turned else -1]
    return 0


def _peaks_of_torch(torch: Any) -> dict[str, Any]:
    rates = {}
    for precision, kind in (
        ('fp32', torch.float32),
        ('fp16', torch.float16),
        ('bf16', torch.bfloat16),
    ):
        left = torch.randn(_MATRIX, _MATRIX, device='cuda', dtype=kind)
        seconds = _timed_on_gpu(torch, lambda left=left: left @ left)
        rates[precision] = 2 * _MATRIX**3 / seconds
    source = torch.zeros(_COPY_BYTES // 4, device='cuda')
    target = torch.empty_like(source)
    seconds = _timed_on_gpu(torch, lambda: target.copy_(source))
    return {'operations_a_second': rates, 'bytes_a_second': 2 * _COPY_BYTES / seconds}


def _timed_on_gpu(torch: Any, work: Any) -> float:
    for _ in range(3):
        work()
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    for _ in range(_REPEATS):
        work()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) / 1e3 / _REPEATS


def _peaks_of_numpy() -> dict[str, Any]:
    left = np.ones((_SMALL_MATRIX, _SMALL_MATRIX), np.float32)
    begun = time.perf_counter()
    left @ left
    rate = 2 * _SMALL_MATRIX**3 / (time.perf_counter() - begun)
    source = np.ones(_SMALL_COPY_BYTES, np.uint8)
    begun = time.perf_counter()
    source.copy()
    copied = 2 * _SMALL_COPY_BYTES / (time.perf_counter() - begun)
    return {'operations_a_second': dict.fromkeys(ITEM_BYTES, rate), 'bytes_a_second': copied}
