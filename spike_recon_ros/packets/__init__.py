# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets, and one decoder for each encoding that turns their bytes into arrays."""
