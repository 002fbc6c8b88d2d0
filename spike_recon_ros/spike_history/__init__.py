# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is known of each pixel of a spike camera, brought up to date plane by plane."""
