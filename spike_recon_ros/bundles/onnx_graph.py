# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Check that an ONNX file can be loaded in bounded time and memory, before a library reads it.

Libraries that run networks fold constants while they load a graph. A loop without end then hangs
the load, and a constant of terabytes ends the process or the machine. Both are found here by
reading the protobuf wire format (https://protobuf.dev/programming-guides/encoding/) of the fields
that matter; neither `onnx` nor `protobuf` is needed.
"""

import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from spike_recon_ros.bundles.description import FETCH_AGAIN, short
from spike_recon_ros.errors import UserError

LOOPS = {'Loop', 'Scan', 'SequenceMap'}
"""Operators whose work is not bounded by the size of the graph and of its input."""
FILLED_FROM_SHAPE = {'ConstantOfShape': 0, 'Expand': 1, 'Tile': 1}
"""Operators that make large tensors of small ones, with the input that holds the size."""
MOST_ELEMENTS = 1 << 28
"""Limit for one constant; 1 GiB of float32."""
MOST_SIDES = 8
DEEPEST = 8

# Field numbers in onnx.proto.
_MODEL_GRAPH, _MODEL_FUNCTIONS = 7, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_FUNCTION_NODE = 7
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP_TYPE, _NODE_ATTRIBUTE = 1, 2, 4, 5
_ATTRIBUTE_T, _ATTRIBUTE_G, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 5, 6, 10, 11
_TENSOR_DIMS, _TENSOR_INT64, _TENSOR_NAME, _TENSOR_RAW, _TENSOR_EXTERNAL = 1, 7, 8, 9, 13
_TENSOR_DATA = {4, 5, 6, _TENSOR_INT64, _TENSOR_RAW, 10, 11}
_SPARSE_VALUES, _SPARSE_INDICES = 1, 2
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class _DamagedError(Exception):
    """The file is not valid protobuf, or a tensor holds less than it declares."""


def check_graph(path: Path) -> list[str]:
    """Check an ONNX file; return the names of the files that hold its external weights.

    Raises:
        UserError: it is no ONNX graph, or it has a loop, a huge constant or weights outside of
            its folder.
    """
    try:
        content = path.read_bytes()
        graph = _Graph(path)
        graph.read_model(memoryview(content))
    except _DamagedError as error:
        raise UserError(f'{path} is no ONNX graph ({error}); {FETCH_AGAIN}') from None
    except (OSError, MemoryError) as error:
        raise UserError(f'{path} cannot be read ({error}); {FETCH_AGAIN}') from None
    return sorted(graph.external)


class _Graph:
    """Walks through one file.

    Attributes:
        external: names of the files with external weights.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._constants: dict[bytes, list[int]] = {}
        self.external: set[str] = set()

    def read_model(self, model: memoryview) -> None:
        found = False
        for number, value in _fields(model):
            if number == _MODEL_GRAPH:
                found = True
                self._read_graph(_message(value), 0)
            elif number == _MODEL_FUNCTIONS:
                for inner, node in _fields(_message(value)):
                    if inner == _FUNCTION_NODE:
                        self._read_node(_message(node), 1)
        if not found:
            raise _DamagedError('it holds no graph')

    def _read_graph(self, graph: memoryview, depth: int) -> None:
        if depth > DEEPEST:
            raise _DamagedError('graphs are nested too deeply')
        nodes = []
        for number, value in _fields(graph):
            if number == _GRAPH_NODE:
                nodes.append(_message(value))
            elif number == _GRAPH_INITIALIZER:
                self._read_tensor(_message(value))
            elif number == _GRAPH_SPARSE:
                for part, tensor in _fields(_message(value)):
                    if part in (_SPARSE_VALUES, _SPARSE_INDICES):
                        self._read_tensor(_message(tensor))
        for node in nodes:  # after the initializers, which may be sizes
            self._read_node(node, depth)

    def _read_node(self, node: memoryview, depth: int) -> None:
        inputs, outputs, operator = [], [], ''
        for number, value in _fields(node):
            if number == _NODE_INPUT:
                inputs.append(bytes(_message(value)))
            elif number == _NODE_OUTPUT:
                outputs.append(bytes(_message(value)))
            elif number == _NODE_OP_TYPE:
                operator = bytes(_message(value)).decode('utf-8', 'replace')
            elif number == _NODE_ATTRIBUTE:
                self._read_attribute(_message(value), outputs, depth)
        if operator in LOOPS:
            raise UserError(
                f'{self._path} holds the operator {operator}, whose running time has no bound; '
                'export the network without it'
            )
        index = FILLED_FROM_SHAPE.get(operator)
        if index is not None and index < len(inputs):
            size = self._constants.get(inputs[index], [])
            if math.prod(size) > MOST_ELEMENTS:
                raise UserError(
                    f'{self._path} holds a constant of {math.prod(size):.2g} elements; at most '
                    f'{MOST_ELEMENTS} are allowed: export a smaller network'
                )

    def _read_attribute(self, attribute: memoryview, outputs: list[bytes], depth: int) -> None:
        for number, value in _fields(attribute):
            if number in (_ATTRIBUTE_T, _ATTRIBUTE_TENSORS):
                self._read_tensor(_message(value), *outputs[:1])
            elif number in (_ATTRIBUTE_G, _ATTRIBUTE_GRAPHS):
                self._read_graph(_message(value), depth + 1)

    def _read_tensor(self, tensor: memoryview, name: bytes = b'') -> None:
        """Compare a tensor's declared with its actual size, and note it if it may be a shape."""
        sides: list[int] = []
        integers: list[int] = []
        external: dict[bytes, bytes] = {}
        nbytes = 0
        for number, value in _fields(tensor):
            if number == _TENSOR_DIMS:
                sides += _integers(value)
                if len(sides) > MOST_SIDES:
                    raise _DamagedError('a tensor has too many dimensions')
            elif number == _TENSOR_NAME:
                name = name or bytes(_message(value))
            elif number == _TENSOR_EXTERNAL:
                entry = {part: bytes(_message(text)) for part, text in _fields(_message(value))}
                external[entry.get(_ENTRY_KEY, b'')] = entry.get(_ENTRY_VALUE, b'')
            elif number in _TENSOR_DATA:
                # An unpacked number is at least one byte, like one that is packed.
                nbytes += 8 if isinstance(value, int) else max(len(value), 1)
                if number == _TENSOR_INT64 and len(integers) <= MOST_SIDES:
                    integers += _integers(value)
                elif number == _TENSOR_RAW and len(_message(value)) in range(
                    8, 8 * MOST_SIDES + 1, 8
                ):
                    integers = np.frombuffer(_message(value), '<i8').tolist()
        elements = math.prod(sides)
        if min(sides, default=0) < 0 or elements > MOST_ELEMENTS:
            raise _DamagedError(f'a tensor declares the size {short(sides)}')
        if external:
            self._note_external(external)
        elif elements > 2 * nbytes:  # the smallest type has four bits
            raise _DamagedError(f'a tensor declares {elements} elements and holds {nbytes} bytes')
        if len(integers) <= MOST_SIDES:
            self._constants[name] = integers

    def _note_external(self, external: dict[bytes, bytes]) -> None:
        location = external.get(b'location', b'').decode('utf-8', 'replace')
        if not location or PurePosixPath(location).name != location or location == '..':
            raise UserError(
                f'{self._path} keeps weights in {short(location)}, which is not a file of its '
                f'folder; {FETCH_AGAIN}'
            )
        self.external.add(location)


def _message(value: 'int | memoryview') -> memoryview:
    if isinstance(value, int):
        raise _DamagedError('a number is in place of a message')
    return value


def _integers(value: 'int | memoryview') -> list[int]:
    """Return a field's numbers, packed or not, as int64; at most MOST_SIDES + 1 of them."""
    numbers = [value] if isinstance(value, int) else []
    position = 0
    while not isinstance(value, int) and position < len(value) and len(numbers) <= MOST_SIDES:
        number, position = _varint(value, position)
        numbers.append(number)
    return [number - (1 << 64) if number >> 63 else number for number in numbers]


def _fields(message: memoryview) -> Iterator[tuple[int, 'int | memoryview']]:
    """Yield field numbers and values of a message: numbers, or views of its bytes."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire = tag >> 3, tag & 7
        if not number:
            raise _DamagedError('it is not protobuf')
        if wire == _VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        if wire == _BYTES:
            length, position = _varint(message, position)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise _DamagedError('it is not protobuf')
        if position + length > len(message):
            raise _DamagedError('it is cut short')
        yield number, message[position : position + length]
        position += length


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Return a number of 7 bits a byte, and the position after it."""
    result = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise _DamagedError('it is cut short')
        byte = message[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & (1 << 64) - 1, position
    raise _DamagedError('it is not protobuf')
