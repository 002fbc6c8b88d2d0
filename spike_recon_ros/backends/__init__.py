# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What runs a network: bundle in, intensity out, state kept in between."""
