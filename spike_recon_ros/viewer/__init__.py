# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The web page: live video, health and controls, or a recording to scrub through."""
