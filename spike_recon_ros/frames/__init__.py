# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Images of an ordinary camera that sees the same pixels as the event camera."""
