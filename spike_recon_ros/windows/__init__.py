# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""When a frame is due: cutting the stream in sensor time, from the data alone."""
