# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Imports OpenVINO without its tools that convert networks: a third of the time of the import."""

import importlib

from spike_recon_ros.lean_import import import_without

openvino = import_without('openvino', 'openvino.tools.ovc')
make_stateful = importlib.import_module(
    'openvino._offline_transformations'
).apply_make_stateful_transformation
