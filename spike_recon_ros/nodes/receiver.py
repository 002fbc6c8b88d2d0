# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A thread that receives the messages of one busy subscription.

Cameras send up to a thousand packets per second. For each, the executor of rclpy looks twice at
every service, timer and topic of the node, which takes about .2 ms of the interpreter, and the
worker waits for it meanwhile. This thread looks at one subscription only.
"""

import contextlib
import time
import traceback
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.context import Context
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.subscription import Subscription

from spike_recon_ros.joined_thread import JoinedThread

_LONGEST_WAIT_NS = 50_000_000
"""How long the thread may wait before it looks whether to end."""
_EVENTS_PERIOD = 0.5
"""Time between looks for events of the subscription, s."""


class OwnThread(CallbackGroup):
    """Group of a subscription whose messages and events a Receiver takes."""

    def can_execute(self, entity: Any) -> bool:
        """Return that the executor may not take from an entity, nor wait for it."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Return that the executor may not call back."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Do nothing: calls are not counted."""


class Receiver:
    """Takes the messages of a subscription in the group OwnThread and calls its callback.

    It also calls for the events of the subscription, such as lost messages. Waiting for them
    would wake whoever waits with each message, so they are looked for now and then.

    Args:
        subscription: whose callback takes a message, serialized if it is `raw`, and its info.
        context: of its node.
    """

    def __init__(self, subscription: Subscription, context: Context) -> None:
        assert context.handle is not None  # there is a subscription, so there is a context
        self._subscription, self._context = subscription, context
        self._handle = context.handle
        self._is_stopping = False
        self._thread = JoinedThread(self._run, 'receive')
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the message at hand; the subscription may then be destroyed."""
        self._is_stopping = True
        self._thread.join()

    def _run(self) -> None:
        try:
            self._receive()
        except _rclpy.RCLError:
            if self._context.ok():  # else an interrupt came meanwhile
                raise

    def _receive(self) -> None:
        subscription, context = self._subscription, self._context
        events_due = time.monotonic() + _EVENTS_PERIOD
        with contextlib.suppress(_rclpy.InvalidHandle), self._handle, subscription.handle:
            wait_set = _rclpy.WaitSet(1, 0, 0, 0, 0, 0, self._handle)
            while context.ok() and not self._is_stopping:
                wait_set.clear_entities()
                wait_set.add_subscription(subscription.handle)
                wait_set.wait(_LONGEST_WAIT_NS)
                while not self._is_stopping and self._take():
                    pass
                if time.monotonic() > events_due:
                    self._take_events()
                    events_due = time.monotonic() + _EVENTS_PERIOD

    def _take(self) -> bool:
        """Take a message, if there is one, and call the callback; return whether there was."""
        subscription = self._subscription
        taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
        if taken is None:
            return False
        _call(subscription.callback, *taken)
        return True

    def _take_events(self) -> None:
        handlers = self._subscription.event_handlers
        wait_set = _rclpy.WaitSet(0, 0, 0, 0, 0, len(handlers), self._handle)
        wait_set.clear_entities()
        for handler in handlers:
            handler.add_to_wait_set(wait_set)
        wait_set.wait(0)
        for handler in handlers:
            if handler.is_ready(wait_set) and (info := handler.take_data()) is not None:
                _call(handler.callback, info)


def _call(callback: Callable[..., None], *arguments: Any) -> None:
    try:
        callback(*arguments)
    except Exception:  # one message must not end the stream
        traceback.print_exc()
