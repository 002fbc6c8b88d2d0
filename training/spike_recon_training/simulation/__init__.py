# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Simulated event and spike cameras: scenes, sensors, recordings and training sequences."""
