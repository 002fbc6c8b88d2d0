# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Live intensity video from event cameras and spike cameras, for ROS 2.

The package itself imports neither ROS nor a deep-learning library; only `nodes` needs rclpy.
"""

__version__ = '0.1.0'
