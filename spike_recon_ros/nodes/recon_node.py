# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The live node: event packets in, images out.

It queues packets for the worker, publishes the frames that the worker makes, and answers
lifecycle, parameter and reset requests.
"""

from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.service import Service
from rclpy.timer import Timer
from std_srvs.srv import Trigger

from spike_recon_ros.frame import Frame
from spike_recon_ros.model_choice import describe_model, kinds_expected
from spike_recon_ros.nodes.build_only import declare_build_only
from spike_recon_ros.nodes.diagnostics import Diagnostics, TopicStatistics
from spike_recon_ros.nodes.inputs import Inputs
from spike_recon_ros.nodes.outputs import Outputs
from spike_recon_ros.nodes.parameters import (
    check_change,
    declare_settings,
    read_settings,
    with_changes,
)
from spike_recon_ros.nodes.preloading import Preloader
from spike_recon_ros.nodes.problems import sentences
from spike_recon_ros.nodes.reporting import Reporter
from spike_recon_ros.nodes.sync_check import SyncCheck
from spike_recon_ros.nodes.topic_checks import TopicChecks
from spike_recon_ros.nodes.topic_names import check_topic_names
from spike_recon_ros.nodes.worker import Worker
from spike_recon_ros.nodes.worker_statistics import WorkerStatistics
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.settings import Settings
from spike_recon_ros.topics import NAMESPACE
from spike_recon_ros.unused_settings import unused
from spike_recon_ros.windows.ignored_edges import IgnoredEdges

DIAGNOSTICS_PERIOD = 1.0


class ReconNode(LifecycleNode):
    """Lifecycle node `recon`.

    configure checks the parameters, loads the model and warms up; activate starts the worker and,
    once someone subscribes to the images, subscribes to the packets; deactivate stops both and
    keeps what was loaded; cleanup releases it.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__('recon', **{'namespace': NAMESPACE, **kwargs})
        declare_settings(self)
        autostart = 'Configure and activate at the start, without a lifecycle manager.'
        self.declare_parameter(
            'autostart', False, ParameterDescriptor(description=autostart, read_only=True)
        )
        declare_build_only(self)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        # The latest values; the worker applies them later while it is busy.
        self._settings = Settings()
        self._reporter = Reporter(self)
        self._reconstructor: Reconstructor | None = None
        self._worker: Worker | None = None
        self._outputs: Outputs | None = None
        self._reset_service: Service | None = None
        self._inputs: Inputs | None = None
        self._preloader: Preloader | None = None
        self._timers_: list[Timer] = []

    def start(self) -> bool:
        """Configure and activate; return whether that succeeded."""
        done = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == done and self.trigger_activate() == done

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model, compile what is compiled, and create the outgoing topics."""
        return self._attempt(self._configure, self._release)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the worker; the packets follow when someone subscribes to the images."""
        super().on_activate(state)
        return self._attempt(self._activate, lambda: self.on_deactivate(state))

    def _attempt(
        self, transition: Callable[[], None], undo: Callable[[], object]
    ) -> TransitionCallbackReturn:
        """Run a transition; if it fails, log why and undo it. rclpy would hide the exception."""
        try:
            transition()
        except Exception as error:
            self._reporter.failure(error)
            undo()
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        self._settings = read_settings(self)
        check_topic_names(self)
        for sentence in unused(self._settings, kinds_expected(self._settings)).values():
            self.get_logger().warning(sentence)
        self._ignored = IgnoredEdges()
        self._reconstructor = Reconstructor(
            self._settings, self._reporter.reset, cutter=self._ignored.cutter_for
        )
        self._preloader = Preloader(self, self._settings, self._reconstructor, self._reporter)
        self._preloader.load()
        self._topic_statistics, self._worker_statistics = TopicStatistics(), WorkerStatistics()
        self._outputs = Outputs(self, self._topic_statistics, self._update_inputs, self._settings)
        self._reset_service = self.create_service(Trigger, '~/reset', self._on_reset_request)
        self.get_logger().info(
            f'ready: {describe_model(self._settings)}, {self._settings.sync_mode}; subscribes '
            f'to {self.resolve_topic_name("events")} while someone subscribes to '
            f'{self._outputs.image_topic}'
        )

    def _activate(self) -> None:
        assert self._reconstructor is not None
        assert self._outputs is not None
        self._worker = Worker(
            self._reconstructor, self._publish, self._reporter.error, self._worker_statistics
        )
        if self._preloader is not None:
            self._preloader.worker = self._worker
        self._inputs = Inputs(self, self._settings, self._worker, self._topic_statistics)
        name = self.get_fully_qualified_name()
        self._health = Diagnostics(name, self._reconstructor, self._worker, self._topic_statistics)
        self._sync = SyncCheck(self, self._settings)
        self._checks = TopicChecks(
            self, self._settings, self._outputs, self._ignored, self._health.counters
        )
        self._timers_ = [
            self.create_timer(DIAGNOSTICS_PERIOD, self._publish_diagnostics, clock=self._steady),
            self.create_timer(
                self._settings.statistics_period, self._log_statistics, clock=self._steady
            ),
        ]
        self._update_inputs()

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop the worker and unsubscribe; keep what was loaded."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything that configure made."""
        self._stop()
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """As cleanup, from any state."""
        return self.on_cleanup(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything and wait to be configured again."""
        return self.on_cleanup(state)

    def close(self) -> None:
        """Stop, release everything and destroy the node, whatever its state."""
        self._stop()
        self._release()
        self.destroy_node()

    def _release(self) -> None:
        """Release what configure made, as far as it came."""
        if self._preloader is not None:
            self._preloader.close()
            self._preloader = None
        if self._outputs is not None:
            self._outputs.close()
            self._outputs = None
        if self._reset_service is not None:
            self.destroy_service(self._reset_service)
            self._reset_service = None
        if self._reconstructor is not None:
            self._reconstructor.close()
            self._reconstructor = None

    def _stop(self) -> None:
        for timer in self._timers_:
            self.destroy_timer(timer)
        self._timers_ = []
        if self._inputs is not None:
            self._inputs.close()
            self._inputs = None
            self._sync.close()
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
            if self._preloader is not None:
                self._preloader.worker = None
            if self._reconstructor is not None:  # packets will be missing, but none are lost
                self._reconstructor.reset(ResetReason.DEACTIVATED)

    def _update_inputs(self) -> None:
        """Subscribe while someone subscribes to the images, and only then."""
        if self._inputs is None or self._worker is None or self._outputs is None:
            return
        if self._reconstructor is not None:
            self._reconstructor.images.coloring = self._outputs.has_color_viewers()
        wanted = self._outputs.has_viewers()
        if wanted and not self._inputs.are_open:
            self._inputs.open()
        elif not wanted and self._inputs.are_open:
            self._inputs.close()
            self._worker.call(lambda recon: recon.reset(ResetReason.UNOBSERVED))

    # On the worker's thread.

    def _publish(self, frame: Frame, seconds: float) -> None:
        inputs, outputs = self._inputs, self._outputs
        reconstructor, preloader = self._reconstructor, self._preloader
        if inputs is None or outputs is None or reconstructor is None or preloader is None:
            return  # the node is being stopped
        self._reporter.running(reconstructor.runs)
        preloader.remember()
        self._checks.add(frame.samples)
        self._sync.add(frame)
        frame_id = self._settings.frame_id or inputs.frame_id
        try:
            outputs.publish(frame, seconds, frame_id, inputs.camera_info, reconstructor.region)
        except Exception:
            if self.context.ok():  # else an interrupt came meanwhile
                raise

    # On the executor's thread.

    def _on_reset_request(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        response.success = self._worker is not None
        if self._worker is not None:
            self._worker.call(lambda recon: recon.reset())
            response.message = 'the state is zeroed before the next packet'
        else:
            response.message = 'the node is not active'
        return response

    def _on_set_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        reconstructor = self._reconstructor
        configured = None if reconstructor is None else self._settings
        result = check_change(parameters, configured, self._kinds())
        if result.successful and reconstructor is not None:
            settings = self._settings = with_changes(self._settings, parameters)
            if self._worker is None:
                reconstructor.adopt(settings)
            else:
                self._worker.adopt(settings)
        return result

    def _kinds(self) -> list[SensorKind]:
        """Return the kinds of camera that may send packets."""
        reconstructor = self._reconstructor
        if reconstructor is None:
            return []
        return [reconstructor.kind] if reconstructor.runs else kinds_expected(self._settings)

    def _publish_diagnostics(self) -> None:
        reconstructor = self._reconstructor
        if self._outputs is None or self._inputs is None or reconstructor is None:
            return
        self._inputs.read_kept_camera_info()
        refused_frame = reconstructor.frames.problem
        problems = self._checks.problems(self._inputs, reconstructor.kind, refused_frame)
        clocks = self._sync.values()
        problems += self._sync.problems()
        self._reporter.problems(sentences(problems))
        idle = '' if self._inputs.are_open else f'nobody subscribes to {self._outputs.image_topic}'
        self._outputs.publish_diagnostics(self._health.status(problems, clocks, idle=idle))

    def _log_statistics(self) -> None:
        line = self._health.sentence(self._settings.statistics_period)
        if self._inputs is not None and self._inputs.are_open:
            topic = self.resolve_topic_name('events')
            none = f'someone subscribes to the images, but no packets come on {topic}'
            self.get_logger().info(line or none)
