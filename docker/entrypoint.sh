#!/bin/bash
# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
#
# Sources ROS 2, and lets `ros2 launch` and `ros2 run` find what pip installed in /opt/venv.
set -e
source "/opt/ros/${ROS_DISTRO}/setup.bash"
export AMENT_PREFIX_PATH="/opt/venv:${AMENT_PREFIX_PATH}"
exec "$@"
