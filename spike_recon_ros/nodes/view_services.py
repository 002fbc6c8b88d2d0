# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the web page asks of the live node: its parameters, and a reset of the state."""

from typing import Any

from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from std_srvs.srv import Trigger

from spike_recon_ros.errors import UserError
from spike_recon_ros.settings import setting_fields
from spike_recon_ros.viewer.live import LiveShow

LIVE_SETTINGS = [field.name for field in setting_fields() if field.metadata['live']]


class ViewServices:
    """Calls services of the live node and shows the answers; never waits for them.

    Args:
        node: that calls.
        target: full name of the node that answers.
        show: what the page shows.
    """

    def __init__(self, node: Node, target: str, show: LiveShow) -> None:
        self._target, self._show = target, show
        self._set_client: Any = node.create_client(SetParameters, f'{target}/set_parameters')
        self._get_client: Any = node.create_client(GetParameters, f'{target}/get_parameters')
        self._reset_client: Any = node.create_client(Trigger, f'{target}/reset')

    def reset(self) -> None:
        """Zero the recurrent state.

        Raises:
            UserError: the node does not answer.
        """
        self._check_ready(self._reset_client)

        def done(future: Any) -> None:
            self._show.tell_all({'note': future.result().message})

        self._reset_client.call_async(Trigger.Request()).add_done_callback(done)

    def set(self, name: str, value: Any) -> None:
        """Change a parameter.

        Raises:
            UserError: the node does not answer.
        """
        self._check_ready(self._set_client)

        def done(future: Any) -> None:
            result = future.result().results[0]
            if not result.successful:
                self._show.tell_all({'error': result.reason})
            self.get()  # what holds now, for every browser

        request = SetParameters.Request()
        request.parameters = [Parameter(name, value=value).to_parameter_msg()]
        self._set_client.call_async(request).add_done_callback(done)

    def get(self) -> None:
        """Show the values of the parameters that may change, if the node answers."""
        if not self._get_client.service_is_ready():
            return

        def done(future: Any) -> None:
            values = map(parameter_value_to_python, future.result().values)
            self._show.values(dict(zip(LIVE_SETTINGS, values, strict=False)))

        request = GetParameters.Request(names=LIVE_SETTINGS)
        self._get_client.call_async(request).add_done_callback(done)

    def _check_ready(self, client: Any) -> None:
        if not client.service_is_ready():
            raise UserError(f'{self._target} does not answer; is it running?')
