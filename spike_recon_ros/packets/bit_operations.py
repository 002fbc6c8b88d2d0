# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Bit operations for numba kernels."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from spike_recon_ros.jit import njit

_ODD_BITS = np.uint32(0x55555555)
_ODD_PAIRS = np.uint32(0x33333333)
_ODD_NIBBLES = np.uint32(0x0F0F0F0F)
_BYTE_SUM = np.uint32(0x01010101)
_1, _2, _4, _24 = np.uint32(1), np.uint32(2), np.uint32(4), np.uint32(24)
_32 = np.uint64(32)


@njit(nogil=True, cache=True)
def popcount(mask: np.uint32) -> np.uint32:
    """Return the number of set bits out of 32.

    Numba has no such function. LLVM recognises this sum and emits a single instruction for it, or
    a vector instruction inside a simple loop.
    """
    pairs = np.uint32(mask - ((mask >> _1) & _ODD_BITS))
    nibbles = np.uint32((pairs & _ODD_PAIRS) + ((pairs >> _2) & _ODD_PAIRS))
    octets = np.uint32((nibbles + (nibbles >> _4)) & _ODD_NIBBLES)
    return np.uint32(np.uint32(octets * _BYTE_SUM) >> _24)


@njit(nogil=True, cache=True)
def popcount64(mask: np.uint64) -> np.uint32:
    """Return the number of set bits out of 64."""
    return popcount(np.uint32(mask)) + popcount(np.uint32(mask >> _32))


@njit(nogil=True, cache=True)
def lowest_bit(mask: np.uint32) -> np.uint32:
    """Return the position of the lowest set bit; 32 for an empty mask."""
    return popcount(np.uint32(~mask & (mask - _1)))


def _select(_context, condition, chosen, otherwise):
    """Return `chosen` if the condition is true, else `otherwise`, which has the same type.

    A conditional expression of Python compiles to a branch. If the condition is unpredictable, the
    branch costs more than the rest of a decoder's loop.
    """

    def generate(_context, builder, _signature, arguments):
        return builder.select(*arguments)

    return chosen(types.boolean, chosen, chosen), generate


select: Any = intrinsic(_select)


def _leading_zeros(_context, mask):
    """Return the number of zeros above the highest set bit of a uint64; 64 for an empty mask."""

    def generate(_context, builder, _signature, arguments):
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


_leading_zeros64: Any = intrinsic(_leading_zeros)


@njit(nogil=True, cache=True)
def highest_bit64(mask: np.uint64) -> np.int32:
    """Return the position of the highest set bit out of 64; -1 for an empty mask."""
    return np.int32(63) - np.int32(_leading_zeros64(mask))


def _copy_pair(_context, source, index, target, at):
    """Copy two adjacent values of float32 from a place of one array to a place of another."""

    def generate(context, builder, signature, arguments):
        first, second = (
            builder.bitcast(
                builder.gep(context.make_array(kind)(context, builder, array).data, [place]),
                ir.IntType(64).as_pointer(),
            )
            for kind, array, place in (
                (signature.args[0], arguments[0], arguments[1]),
                (signature.args[2], arguments[2], arguments[3]),
            )
        )
        builder.store(builder.load(first, align=4), second, align=4)
        return context.get_dummy_value()

    return types.none(source, types.uint64, target, types.uint64), generate


copy_pair: Any = intrinsic(_copy_pair)
