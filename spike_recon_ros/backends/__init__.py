# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Backends, which run the network of a bundle and keep its recurrent state."""
