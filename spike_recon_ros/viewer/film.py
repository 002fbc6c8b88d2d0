# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The page of a recording: frames of one or more models beside the events and the truth.

The models run once over the recording, on a thread, and every picture is kept in a temporary
file. So scrubbing costs the same everywhere in the recording, and memory does not grow with it.
"""

import bisect
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from spike_recon_ros.errors import UserError, counted, one_line, reason_and_cure
from spike_recon_ros.joined_thread import JoinedThread
from spike_recon_ros.model_choice import LoadModel, load_model
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.recording_clock import RecordingClock
from spike_recon_ros.rendering.samples_image import draw_samples
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_images import open_images, truth_topic
from spike_recon_ros.sources.source import Source
from spike_recon_ros.viewer.pictures import Picture
from spike_recon_ros.viewer.show import Show, Viewer

SAMPLES, TRUTH = 'samples', 'truth'
PROGRESS_FRAMES = 10
MOST_MODELS = 4


class Strip:
    """Pictures of one pane in the order of their times, in a file that all panes share.

    One thread appends, another one reads.

    Attributes:
        times_ns: time of each picture, ascending: the rounds of a loop follow each other.
    """

    def __init__(self, file: int) -> None:
        self.times_ns: list[int] = []
        self._clock = RecordingClock()
        self._file = file
        self._places: list[tuple[int, int]] = []

    def append(self, image: np.ndarray, t_ns: int) -> None:
        """Compress and keep a picture.

        Raises:
            OSError: the file cannot be written.
        """
        t_ns = self._clock.time_of(t_ns)
        if self.times_ns:
            t_ns = max(t_ns, self.times_ns[-1] + 1)
        jpeg = Picture(image, t_ns).jpeg()
        offset = os.lseek(self._file, 0, os.SEEK_END)
        written = 0
        while written < len(jpeg):  # a disk that is nearly full takes a part
            written += os.write(self._file, jpeg[written:])
        self._places.append((offset, len(jpeg)))
        self.times_ns.append(t_ns)  # last: a reader looks here first

    def at(self, t_ns: int) -> Picture | None:
        """Return the picture nearest to a time; None if there is none yet."""
        times = self.times_ns
        if not times:
            return None
        after = min(bisect.bisect_left(times, t_ns), len(times) - 1)
        before = max(after - 1, 0)
        index = before if t_ns - times[before] <= times[after] - t_ns else after
        offset, size = self._places[index]
        return Picture.compressed(os.pread(self._file, size, offset), times[index])


class FilmShow(Show):
    """A recording to scrub through.

    Args:
        source: the recording; closed at the end.
        all_settings: of each model to compare; the first one's frames set the times.
        titles: of the models.
        size: columns and rows of the sensor, if the user gave them.
        camera: topic of the events, if the user gave it.
        load: makes the models.
    """

    def __init__(
        self,
        source: Source,
        all_settings: Sequence[Settings],
        titles: Sequence[str],
        *,
        size: tuple[int, int] | None = None,
        camera: str | None = None,
        load: LoadModel = load_model,
    ) -> None:
        super().__init__()
        self._load = load
        self._source = source
        self._settings = list(all_settings)
        self._file = tempfile.TemporaryFile(prefix='spike_recon_view_')  # noqa: SIM115
        self._size = size
        self._truth_topic = truth_topic(source.path, size, camera)
        self._titles = {SAMPLES: 'camera input'}
        self._titles |= {f'model{n}': title for n, title in enumerate(titles)}
        if self._truth_topic is not None:
            self._titles[TRUTH] = 'truth' if 'truth' in self._truth_topic else 'camera frames'
        self._strips = {name: Strip(self._file.fileno()) for name in self._titles}
        self._resets: list[str] = []
        self._state = {'frames': 0, 'done': False, 'message': 'reconstructing', 'level': 'ok'}
        self._stopping = threading.Event()
        self._thread = JoinedThread(self._work, 'film')

    def start(self) -> None:
        """Begin to reconstruct."""
        self._thread.start()

    def wait(self) -> None:
        """Wait until everything is reconstructed, or stopped."""
        self._thread.join()

    def stop(self) -> None:
        """End the thread and remove the pictures."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._file.close()

    @property
    def state(self) -> dict[str, Any]:
        """How far the reconstruction has come."""
        return {**self._state, 'resets': self._resets[-20:]}

    def hello(self) -> dict[str, Any]:
        """Return title, panes and progress."""
        return {
            'kind': 'film',
            'title': self._source.path.name,
            'panes': [{'name': name, 'title': title} for name, title in self._titles.items()],
            'fps': self._settings[0].fps,
            'film': self.state,
        }

    def request(self, viewer: Viewer, message: dict[str, Any]) -> None:
        """Show the frame with a number."""
        if isinstance(message.get('panes'), list):
            viewer.panes = {pane for pane in self._titles if pane in message['panes']}
        index = message.get('seek')
        times = self._strips['model0'].times_ns
        if type(index) is not int or not times:
            return
        index = min(max(index, 0), len(times) - 1)
        seconds = (times[index] - times[0]) / 1e9
        for pane in self._titles:
            picture = self._picture(pane, times[index])
            if picture is not None:
                viewer.show(pane, picture)
        viewer.tell({'at': {'frame': index, 'seconds': seconds}})

    def snapshot(self, pane: str, frame: int | None) -> Picture | None:
        """Return the picture of a pane at a frame."""
        times = self._strips['model0'].times_ns
        if pane not in self._strips or frame is None or not frame < len(times):
            return None
        return self._picture(pane, times[frame])

    def _picture(self, pane: str, t_ns: int) -> Picture | None:
        return self._strips[pane].at(t_ns)

    def _work(self) -> None:
        try:
            self._reconstruct()
            frames = len(self._strips['model0'].times_ns)
            self._progress(done=True, message=counted(frames, 'frames'), level='ok')
            if not frames:
                message = f'{self._source.path} gave no frame; see: spike-recon inspect'
                self._progress(message=message, level='error')
        except UserError as error:
            self._progress(done=True, message=one_line(error), level='error')
        except OSError as error:
            message = (
                f'the pictures cannot be kept in {tempfile.gettempdir()}: '
                f'{reason_and_cure(error)} (TMPDIR)'
            )
            self._progress(done=True, message=message, level='error')
        except Exception as error:  # shown on the page; the traceback goes to stderr
            self._progress(done=True, message=f'please report this bug: {error!r}', level='error')
            raise
        finally:
            self._source.close()

    def _reconstruct(self) -> None:
        models = [Reconstructor(one, self._on_reset, self._load) for one in self._settings]
        truths = self._truths()
        try:
            for item in self._source:
                if self._stopping.is_set():
                    return
                for number, model in enumerate(models):
                    self._keep(number, model.stream(item), truths)
            for number, model in enumerate(models):
                self._keep(number, model.stream_end(), truths)
        finally:
            for model in models:
                model.close()

    def _keep(self, number: int, frames: Iterator[Any], truths: '_Truths') -> None:
        strip = self._strips[f'model{number}']
        for frame in frames:
            assert frame.image is not None
            if number == 0:
                height, width = frame.intensity.shape
                drawn = draw_samples(frame.samples, height, width)
                self._strips[SAMPLES].append(drawn, frame.t_ns)
                truth = truths.until(frame.stamp_ns)
                if truth is not None:
                    self._strips[TRUTH].append(truth, frame.t_ns)
            strip.append(frame.image, frame.t_ns)
            if number == 0 and len(strip.times_ns) % PROGRESS_FRAMES == 1:
                self._progress()

    def _truths(self) -> '_Truths':
        if self._truth_topic is None:
            return _Truths(iter(()))
        return _Truths(open_images(self._source.path, self._truth_topic, self._size))

    def _on_reset(self, reason: ResetReason, detail: str) -> None:
        times = self._strips['model0'].times_ns
        seconds = (times[-1] - times[0]) / 1e9 if times else 0.0
        sentence = f'at {seconds:.2f} s: {reason.value}' + (f' ({detail})' if detail else '')
        if sentence not in self._resets:
            self._resets.append(sentence)

    def _progress(self, **changes: Any) -> None:
        frames = len(self._strips['model0'].times_ns)
        self._state = {**self._state, 'frames': frames, **changes}
        self.tell_all({'film': self.state})


class _Truths:
    """The images that were recorded beside the events, read alongside the frames."""

    def __init__(self, images: Iterator[tuple[int, np.ndarray]]) -> None:
        self._images = images
        self._next = next(images, None)
        self._latest: np.ndarray | None = None

    def until(self, stamp_ns: int) -> np.ndarray | None:
        """Return the latest image with a stamp up to `stamp_ns`; None if there is none."""
        while self._next is not None and self._next[0] <= stamp_ns:
            self._latest = self._next[1]
            self._next = next(self._images, None)
        return self._latest
