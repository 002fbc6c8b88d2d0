# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Bundles, folders with one trained network each: read, check, find and convert them."""
