# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From the intensity of a window to its frame: time, stamp, rendered image, colours.

The last stages of the pipeline. They change what is shown, never the state of the model.
"""

import numpy as np

from spike_recon_ros.color.stage import ColorStage
from spike_recon_ros.conditioning.region import Region
from spike_recon_ros.frame import Frame
from spike_recon_ros.frames.store import FrameStore
from spike_recon_ros.model import Model
from spike_recon_ros.model_choice import LoadModel
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.rendering.renderer import Renderer
from spike_recon_ros.settings import Settings
from spike_recon_ros.stream_statistics import Statistics
from spike_recon_ros.windows.window import Window
from spike_recon_ros.windows.window_stream import WindowStream


class FrameMaker:
    """Makes the frames of one sensor.

    Args:
        settings: how to render, and where colours come from.
        camera_frames: frames of the camera beside the sensor.
        statistics: where frames are counted.
        load: makes models of the colour, as `model_choice.load_model` does.

    Attributes:
        rendering: whether frames get an image.
        coloring: whether they get one in colour, too, if `color` says so.
    """

    def __init__(
        self,
        settings: Settings,
        camera_frames: FrameStore,
        statistics: Statistics,
        load: LoadModel,
    ) -> None:
        self.rendering = self.coloring = True
        self._statistics = statistics
        self._renderer = Renderer(settings)
        self._color = ColorStage(settings, camera_frames, statistics, load)
        self._lookahead_planes = 0

    def prepare(self, region: Region, kind: SensorKind, model: Model) -> None:
        """Load what the colours need, and follow another model.

        Args:
            region: the part of the sensor that is reconstructed.
            kind: kind of camera.
            model: makes the intensity.

        Raises:
            UserError: the sensor does not suit the setting `color`, or a network cannot be loaded.
        """
        self._color.prepare(region, kind)
        self._renderer.output_range = getattr(model, 'output_range', None)
        self._lookahead_planes = getattr(model, 'lookahead_planes', 0)

    def frame(
        self, window: Window, intensity: np.ndarray, stream: WindowStream, *, whole: bool
    ) -> Frame | None:
        """Return the frame of a window; None = none is due, or its plane was before the stream.

        Args:
            window: that the model has processed.
            intensity: at its end, float32 [height, width].
            stream: from which the window was cut.
            whole: whether it was processed in one step, see `WindowSteps.was_whole`.
        """
        self._color.step(window, whole, wanted=self.coloring)
        t_ns = stream.image_time_ns(window, self._lookahead_planes)
        if not window.due or t_ns is None:
            return None
        self._statistics.frames += 1
        stamp_ns = stream.stamp_of(window, t_ns, self._lookahead_planes)
        image = self._renderer.render(intensity, t_ns, window.samples) if self.rendering else None
        color = self._color.render(image, stamp_ns, self._renderer.limits)
        return Frame(t_ns, stamp_ns, window.t_start_ns, window.samples, intensity, image, color)

    def adopt(self, settings: Settings) -> None:
        """Apply new settings of the rendering."""
        self._renderer.adopt(settings)

    def reset(self, *, keep_contrast: bool = False) -> None:
        """Forget the past, as the stream begins again; the contrast may go on over a gap."""
        self._color.reset()
        if not keep_contrast:
            self._renderer.reset()

    def close(self) -> None:
        """Release what was loaded, and forget the past."""
        self._color.close()
        self._renderer.reset()
