# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sensors that should be synchronised and are not are named by each of their nodes."""

import time
from types import SimpleNamespace

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from spike_recon_ros.nodes.sync_check import CLOCK_ZERO, MOST_CHANCES, SyncCheck
from spike_recon_ros.settings import Settings

SIDES = ('left', 'right', 'rear', 'other')


def checks_of(zeros, monkeypatch, calls=MOST_CHANCES + 1, grid='sensor_time'):
    """Return the sentences of each node after some seconds; `zeros` are those of the sensors."""
    callbacks, checks = [], []
    for name in SIDES[: len(zeros)]:
        node = SimpleNamespace(
            get_fully_qualified_name=lambda name=name: f'/{name}/recon',
        )
        node.create_subscription = lambda *args: callbacks.append(args[2]) or args
        checks.append(SyncCheck(node, Settings(grid_origin=grid)))
    now = 1_000.0
    monkeypatch.setattr(time, 'monotonic', lambda: now)
    found = []
    for _ in range(calls):
        now += 1.0
        values = []
        for check, zero in zip(checks, zeros, strict=True):
            for late in (0.02, 0.3, 0.04):  # of the frames of this second
                monkeypatch.setattr(time, 'time_ns', lambda t=now + late: round(t * 1e9))
                check.add(SimpleNamespace(t_ns=round((now - zero) * 1e9)))
            values.append(check.values())
        status = [
            DiagnosticStatus(
                hardware_id=f'/{name}/recon',
                values=[KeyValue(key=key, value=text) for key, text in one.items()],
            )
            for name, one in zip(SIDES, values, strict=False)
        ]
        for callback in callbacks:
            callback(DiagnosticArray(status=status))
        found = [[problem.sentence for problem in check.problems()] for check in checks]
    return found, values


def test_both_nodes_name_sensors_whose_clocks_differ(monkeypatch):
    (left, right), values = checks_of([100.0, 103.2], monkeypatch)
    assert left[0].startswith('the clock of this sensor is 3.20 s ahead of that of /right/recon')
    assert right[0].startswith('the clock of this sensor is 3.20 s behind that of /left/recon')
    assert 'connect the sync cable' in left[0]
    assert values[0] == {CLOCK_ZERO: '100.020'}


@pytest.mark.parametrize(
    'zeros', [[100.0], [100.0, 100.0], [100.0, 100.1], [100.0, 100.05, 250.0, 250.0]]
)
def test_one_node_and_synchronised_sensors_are_no_problem(monkeypatch, zeros):
    assert checks_of(zeros, monkeypatch)[0] == [[]] * len(zeros)


def test_a_short_difference_is_no_problem(monkeypatch):
    assert checks_of([100.0, 103.2], monkeypatch, calls=MOST_CHANCES)[0] == [[], []]


@pytest.mark.parametrize('grid', ['host_time', 'first_sample'])
def test_nothing_is_compared_on_another_grid(monkeypatch, grid):
    found, values = checks_of([100.0, 103.2], monkeypatch, grid=grid)
    assert (found, values) == ([[], []], [{}, {}])


@pytest.mark.parametrize('foreign', ['', 'unknown', '12,5', 'nan', '-inf', '1e999'])
def test_foreign_diagnostics_that_are_no_numbers_are_ignored(monkeypatch, foreign):
    callbacks = []
    node = SimpleNamespace(get_fully_qualified_name=lambda: '/left/recon')
    node.create_subscription = lambda *args: callbacks.append(args[2]) or args
    check = SyncCheck(node, Settings(grid_origin='sensor_time'))
    statuses = [
        DiagnosticStatus(hardware_id=name, values=[KeyValue(key=CLOCK_ZERO, value=text)])
        for name, text in (('/rig/clock', foreign), ('/right/recon', '103.2'))
    ]
    monkeypatch.setattr(time, 'time_ns', lambda: 1_000 * 10**9)
    for _ in range(MOST_CHANCES + 1):
        check.add(SimpleNamespace(t_ns=900 * 10**9))
        check.values()
        callbacks[0](DiagnosticArray(status=statuses))
        found = [problem.sentence for problem in check.problems()]
    assert found[0].startswith('the clock of this sensor is 3.20 s ahead of that of /right/recon')
