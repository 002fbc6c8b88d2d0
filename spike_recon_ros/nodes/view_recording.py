# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A recording of the images that the web page begins and ends."""

import time
from pathlib import Path
from typing import Any

from rclpy.executors import Executor

from spike_recon_ros.errors import counted
from spike_recon_ros.nodes.record_node import RecordNode
from spike_recon_ros.sinks.open_sink import open_sink
from spike_recon_ros.sinks.sink import Sink


class ViewRecording:
    """Writes an image topic into a bag, at most one at a time.

    Args:
        executor: that spins the recorder.
        topic: of the images.
        folder: where the bags are written; their names hold the time of the beginning.
    """

    def __init__(self, executor: Executor, topic: str, folder: Path) -> None:
        self._executor, self._topic, self._folder = executor, topic, folder
        self._node: RecordNode | None = None
        self._sink: Sink | None = None
        self._path = Path()
        self._images = 0

    @property
    def is_on(self) -> bool:
        """Whether images are being recorded."""
        return self._node is not None

    def begin(self) -> None:
        """Begin, unless a recording is on.

        Raises:
            UserError: the file cannot be written.
        """
        if self._node is not None:
            return
        self._path = self._folder / time.strftime('recon_%Y%m%d_%H%M%S.mcap')
        self._sink = open_sink(self._path, fps=25.0)
        self._sink.keeps_partial = True
        self._node = RecordNode(self._sink, self._topic, use_global_arguments=False)
        self._executor.add_node(self._node)

    def end(self) -> dict[str, Any]:
        """End, and return the state with the final counts."""
        node, sink = self._node, self._sink
        if node is not None and sink is not None:
            self._executor.remove_node(node)
            node.finish()
            self._images = node.written
            node.destroy_node()
            sink.close()
            self._node = self._sink = None
        return self.state()

    def problem(self) -> str:
        """Return why the recording has ended by itself; '' if it has not."""
        if self._node is None or self._node.failure is None:
            return ''
        failure = self._node.failure
        self.end()
        return f'the recording ended after {counted(self._images, "images")}: {failure}'

    def state(self) -> dict[str, Any]:
        """Return the state for the page."""
        images = self._images if self._node is None else self._node.written
        return {'on': self.is_on, 'images': images, 'path': str(self._path)}
