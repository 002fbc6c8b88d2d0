# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The pipeline over recordings: the counterpart of `nodes/`."""
