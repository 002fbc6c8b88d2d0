# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Per-pixel state of a spike camera, updated with every plane, and the rates derived from it."""
