# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which planes of a spike camera are read where there is no time for all of them.

Merging windows saves nothing there, because every plane still has to be read. But an image rests
on the latest planes. So only a run of planes before each frame is read, and those before it are
left out. Nothing is joined across such a gap: an interval between spikes that spans it would look
like darkness.
"""

from typing import Any

from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes import bytes_per_row
from spike_recon_ros.spike_history.history import PLANES_KEPT
from spike_recon_ros.windows.window_stream import WindowStream

IN_GAP = (
    'this computer is too slow for all planes, so each frame uses only the latest ones; set the '
    'camera to fewer planes per second or fewer pixels, or use a faster model or computer'
)
"""Why planes are missing, and the cure."""


class PlaneRuns:
    """Tells which packets of a stream the next frame needs; of event cameras, all.

    Args:
        model: that reads the stream; None = not loaded.
        period_ns: time between two planes; 0 = an event camera.
        windows: of the stream.
    """

    def __init__(self, model: Any, period_ns: int, windows: WindowStream) -> None:
        self._period_ns, self._windows = period_ns, windows
        # Networks with a fixed hop need whole windows.
        has_runs = period_ns and model is not None and not model.hop_planes
        planes = model.lookahead_planes + PLANES_KEPT if has_runs else 0
        self._shortest_ns = planes * period_ns

    @property
    def has_planes(self) -> bool:
        """Whether the stream is that of a spike camera."""
        return self._period_ns > 0

    @property
    def has_begun(self) -> bool:
        """Whether planes have been read since the stream, or its latest run, began."""
        return self.has_planes and not self._windows.is_empty

    def begin(self, packet: Packet, last: Packet | None) -> bool:
        """Begin a run behind missing planes.

        Args:
            packet: missing, or the one behind.
            last: the packet before.

        Returns: False if it cannot, because `time_base` does not give the times of its planes.
        """
        if last is None or packet.time_base == last.time_base:
            return False
        self._windows.begin_run(self._shortest_ns)
        return True

    def needs(self, packet: Packet, longest_ns: int | None, last: Packet | None) -> bool:
        """Return whether the next frame needs a packet.

        Args:
            packet: that comes next.
            longest_ns: of the planes before each frame, what there is time to read; None = all.
            last: the packet before.
        """
        if longest_ns is None or not self._shortest_ns:
            return True
        if last is None or packet.encoding != last.encoding:
            return True
        if packet.time_base == last.time_base:  # its times are not known
            return True
        planes = len(packet.data) // (packet.height * bytes_per_row(packet.width))
        next_ns = packet.time_base + planes * self._period_ns
        run_ns = max(self._shortest_ns, longest_ns)
        return self._windows.needs(packet.time_base, next_ns, run_ns)
