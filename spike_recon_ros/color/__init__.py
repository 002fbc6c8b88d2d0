# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Colour for the reconstructed images: from a Bayer pattern, a colour camera, or a network."""
