# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a packet to arrays: one decoder class for each encoding."""
