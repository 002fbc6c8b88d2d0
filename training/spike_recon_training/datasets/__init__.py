# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Training data: segments of simulated or recorded sequences with ground truth."""
