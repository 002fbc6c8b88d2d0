# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA GPUs: memory, a stream, and voxel grids made on the device."""
