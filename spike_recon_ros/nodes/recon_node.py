# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The live node: event packets in, images out.

Comes in: topics and parameters. Goes out: topics. Knows nothing about how a frame is made: it
queues packets for the worker and publishes what the worker returns.
"""

import sys
import time
import traceback
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import (
    LifecycleNode,
    LifecycleState,
    TransitionCallbackReturn,
)
from rclpy.parameter import Parameter
from rclpy.qos_overriding_options import InvalidQosOverridesError
from rclpy.service import Service
from std_srvs.srv import Trigger

from spike_recon_ros.errors import UserError
from spike_recon_ros.frame import Frame
from spike_recon_ros.model_choice import describe_model
from spike_recon_ros.nodes.build_only import build, declare_build_only, is_build_only
from spike_recon_ros.nodes.diagnostics import Diagnostics, TopicStatistics
from spike_recon_ros.nodes.inputs import Inputs
from spike_recon_ros.nodes.middleware import ros
from spike_recon_ros.nodes.outputs import Outputs
from spike_recon_ros.nodes.parameters import (
    check_change,
    check_parameter_files,
    declare_settings,
    read_settings,
    with_changes,
)
from spike_recon_ros.nodes.worker import Worker
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.settings import Settings
from spike_recon_ros.warm_up import warm_up

DIAGNOSTICS_PERIOD = 1.0
# A stream that resets at every packet must not flood the log; the counters tell of each.
LOG_RESET_PERIOD = 0.5


class ReconNode(LifecycleNode):
    """Lifecycle node `recon`.

    configure checks the parameters, loads and warms up; activate starts the worker and, as soon as
    someone subscribes to the image, subscribes to the packets; deactivate stops both and keeps
    what was loaded; cleanup gives it back.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__('recon', **{'namespace': 'event_camera', **kwargs})
        declare_settings(self)
        autostart = 'Configure and activate at the start, without a lifecycle manager.'
        self.declare_parameter(
            'autostart', False, ParameterDescriptor(description=autostart, read_only=True)
        )
        declare_build_only(self)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        # As last asked for; what the worker has taken over lags behind while it is busy.
        self._settings = Settings()
        self._reconstructor: Reconstructor | None = None
        self._worker: Worker | None = None
        self._outputs: Outputs | None = None
        self._reset_service: Service | None = None
        self._inputs: Inputs | None = None
        self._logged_model = ''
        self._logged_resets: dict[ResetReason, float] = {}

    def start(self) -> bool:
        """Configure and activate; return whether that succeeded."""
        done = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == done and self.trigger_activate() == done

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model, compile what is compiled, and create the outgoing topics."""
        try:
            self._settings = read_settings(self)
            self._reconstructor = Reconstructor(self._settings, on_reset=self._on_reset)
            warm_up(self._settings)
            self._statistics = TopicStatistics()
            self._outputs = Outputs(self, self._statistics, self._update_inputs)
            self._reset_service = self.create_service(Trigger, '~/reset', self._on_reset_request)
        except (UserError, InvalidQosOverridesError) as error:
            self.get_logger().error(str(error))
            self._give_back()
            return TransitionCallbackReturn.FAILURE
        self.get_logger().info(
            f'ready: {describe_model(self._settings)}, {self._settings.sync_mode}; takes packets '
            f'from {self.resolve_topic_name("events")} while someone subscribes to '
            f'{self._outputs.image_topic}'
        )
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the worker; the packets follow when someone looks."""
        assert self._reconstructor is not None
        super().on_activate(state)
        self._worker = Worker(self._reconstructor, self._publish, self._report)
        self._inputs = Inputs(self, self._settings.sync_mode, self._worker, self._statistics)
        self._health = Diagnostics(
            self.get_fully_qualified_name(), self._reconstructor, self._worker, self._statistics
        )
        self._timers_ = [
            self.create_timer(DIAGNOSTICS_PERIOD, self._publish_diagnostics, clock=self._steady),
            self.create_timer(
                self._settings.statistics_period, self._log_statistics, clock=self._steady
            ),
        ]
        self._update_inputs()
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop taking packets; keep what was loaded."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back everything that configure made."""
        self._stop()
        self._give_back()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """As cleanup, from any state."""
        return self.on_cleanup(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back everything and wait to be configured again."""
        return self.on_cleanup(state)

    def close(self) -> None:
        """Stop and give back everything, whatever the state; the node is destroyed."""
        self._stop()
        self._give_back()
        self.destroy_node()

    def _give_back(self) -> None:
        """Give back what configure made, as far as it came."""
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
        if self._worker is None or self._inputs is None:
            return
        self._inputs.close()
        self._worker.stop()
        for timer in self._timers_:
            self.destroy_timer(timer)
        self._worker, self._inputs = None, None

    def _update_inputs(self) -> None:
        """Subscribe while someone looks, and only then."""
        if self._inputs is None or self._worker is None or self._outputs is None:
            return
        wanted = self._outputs.has_viewers()
        if wanted and not self._inputs.are_open:
            self._inputs.open()
        elif not wanted and self._inputs.are_open:
            self._inputs.close()
            self._worker.call(lambda recon: recon.reset(ResetReason.UNOBSERVED))

    # On the worker's thread.

    def _publish(self, frame: Frame, seconds: float) -> None:
        assert self._inputs is not None
        assert self._outputs is not None
        self._log_model()
        frame_id = self._settings.frame_id or self._inputs.frame_id
        try:
            self._outputs.publish(frame, seconds, frame_id, self._inputs.camera_info)
        except Exception:
            if self.context.ok():  # else an interrupt came meanwhile
                raise

    def _log_model(self) -> None:
        """Say what runs whenever it is something else than before."""
        assert self._reconstructor is not None
        if (runs := self._reconstructor.runs) != self._logged_model:
            self._logged_model = runs
            self.get_logger().info(f'runs {runs}')

    def _report(self, error: Exception) -> None:
        if not self.context.ok():
            return
        if isinstance(error, UserError):
            self.get_logger().error(str(error), throttle_duration_sec=5.0)
        else:
            text = ''.join(traceback.format_exception(error))
            self.get_logger().error(f'please report this bug:\n{text}', throttle_duration_sec=5.0)

    def _on_reset(self, reason: ResetReason, detail: str) -> None:
        now = time.monotonic()
        if not self.context.ok():
            return
        if now - self._logged_resets.get(reason, -float('inf')) < LOG_RESET_PERIOD:
            return
        self._logged_resets[reason] = now
        text = f'state reset: {reason.value}' + (f' ({detail})' if detail else '')
        if reason in (ResetReason.REQUESTED, ResetReason.UNOBSERVED):
            self.get_logger().info(text)
        else:
            self.get_logger().warning(text)

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
        result = check_change(parameters, configured=reconstructor is not None)
        if result.successful and reconstructor is not None:
            settings = self._settings = with_changes(self._settings, parameters)
            if self._worker is None:
                reconstructor.adopt(settings)
            else:
                self._worker.overload_lag = settings.overload_lag
                self._worker.call(lambda recon: recon.adopt(settings))
        return result

    def _publish_diagnostics(self) -> None:
        if self._outputs is not None:
            self._outputs.publish_diagnostics(self._health.status())

    def _log_statistics(self) -> None:
        line = self._health.sentence(self._settings.statistics_period)
        if self._inputs is not None and self._inputs.are_open:
            topic = self.resolve_topic_name('events')
            self.get_logger().info(line or f'someone looks, but no packets come on {topic}')


def main(args: list[str] | None = None) -> int:
    """Run the node until it is interrupted, or has built; return the exit status."""
    try:
        with ros(args):
            node = ReconNode()
            try:
                arguments = sys.argv if args is None else args
                check_parameter_files(arguments, node.get_fully_qualified_name())
                return _spin(node)
            finally:
                node.close()
    except UserError as error:
        print(f'recon_node: {error}', file=sys.stderr)
        return 1
    return 0


def _spin(node: ReconNode) -> int:
    if is_build_only(node):
        build(node)
        return 0
    if node.get_parameter('autostart').value:
        if not node.start():
            return 1
    else:
        name = node.get_fully_qualified_name()
        node.get_logger().info(
            f'waiting to be configured, by a launch file or by: ros2 lifecycle set {name} '
            'configure, then activate'
        )
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.spin()
    return 0
