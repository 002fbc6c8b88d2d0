# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA GPUs: memory, streams, kernels, and the voxel grid computed on the device."""
