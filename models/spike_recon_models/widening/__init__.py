# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Starts wide networks from trained narrow ones; see widen.py."""
