# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The EventPacket message as text, for whoever reads or writes it without ROS.

Comes in: nothing. Goes out: names and fields, which have not changed since the message was named.
Knows nothing about serialization.
"""

EVENT_PACKET = 'event_camera_msgs/msg/EventPacket'
# What it was called before the family renamed it; the same fields.
EVENT_PACKET_OLD = 'event_array_msgs/msg/EventArray'
EVENT_PACKET_FIELDS = """
std_msgs/Header header
uint32 height
uint32 width
uint64 seq
uint64 time_base
string encoding
bool is_bigendian
uint8[] events
"""
