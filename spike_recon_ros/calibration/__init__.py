# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Calibration of a camera from images of a board: intrinsics, lens distortion, report."""
