# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`numba.njit` with a disk cache whose faults cost time, never a start.

Numba raises at import where no cache folder is writable, and at every call where a cache file is
damaged, for example truncated by a full disk or a power cut. Here a function is then compiled
again, and its cache is written again where possible.
"""

import logging
import pickle
from collections.abc import Callable
from typing import Any

import numba
from numba.core.caching import FunctionCache

from spike_recon_ros.lean_import import import_without

# The first kernel makes numba import scipy.linalg, which takes a fifth of a second, to find out
# whether np.cov and np.corrcoef can be compiled. No kernel calls them.
import_without('numba.np.arraymath', 'scipy.linalg.cython_blas')

CURE = 'set NUMBA_CACHE_DIR to a folder that you may write'
_log = logging.getLogger(__name__)


def njit(*, cache: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that compiles a function on its first call.

    Args:
        cache: keep the compiled code on disk.
        options: further arguments of `numba.njit`.
    """
    compiler = numba.njit(**options)

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = compiler(function)
        if cache and hasattr(dispatcher, 'enable_caching'):  # not with NUMBA_DISABLE_JIT
            try:
                dispatcher._cache = _LenientCache(function)
            except (RuntimeError, OSError) as error:  # no folder that numba may write
                _Warnings.once(f'compiled code is not kept ({error}), so each start is slower')
        return dispatcher

    return decorate


class _Warnings:
    """Logs that the cache does not work, once a process: it concerns all functions alike."""

    logged = False

    @classmethod
    def once(cls, sentence: str) -> None:
        if not cls.logged:
            cls.logged = True
            _log.warning('%s; %s', sentence, CURE)


class _LenientCache(FunctionCache):
    """Compiles again what cannot be read, and goes on where nothing can be written."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function; None if it is not cached or its file is damaged."""
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # whatever unpickling damaged bytes raises
            _log.info('the cache in %s is damaged (%r); compiles again', self.cache_path, error)
            self._rewrite_index()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled function if the folder can be written."""
        try:
            try:
                super().save_overload(sig, data)
            except (EOFError, ValueError, TypeError, pickle.UnpicklingError):  # its old index
                self._rewrite_index()
                super().save_overload(sig, data)
        except OSError as error:
            reason = error.strerror or error
            _Warnings.once(f'{self.cache_path} cannot be written ({reason}), so starts are slower')

    def _rewrite_index(self) -> None:
        """Forget the damaged entries; the data files are overwritten later."""
        try:
            self.flush()
        except OSError as error:
            reason = error.strerror or error
            _Warnings.once(f'{self.cache_path} cannot be written ({reason}), so starts are slower')
