# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Crops, bins, filters and thins the events of a camera before they are cut into windows."""
