# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How the package is described and installed."""

import ast
import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

import spike_recon_ros

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = ROOT / 'interfaces' / 'event_camera_msgs'
EVENT_PACKET = 'event_camera_msgs/msg/EventPacket'
# What the drivers of the ros-event-camera family announce; another hash and nobody is heard.
TYPE_HASH = 'RIHS01_d6fa176260b1f37e5a40845305315e150a0f18191241eb64f407442aa29844aa'
SEGMENT_BYTES = 64 << 20


def set_up_py() -> dict[str, ast.expr]:
    """Return the arguments of setup(), unevaluated."""
    tree = ast.parse((ROOT / 'setup.py').read_text(encoding='utf-8'))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    call = next(node for node in calls if getattr(node.func, 'id', '') == 'setup')
    return {keyword.arg: keyword.value for keyword in call.keywords}


def test_the_version_is_the_same_everywhere():
    in_package_xml = ElementTree.parse(ROOT / 'package.xml').findtext('version')
    words = [sys.executable, '-W', 'ignore', 'setup.py', '--version']
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=True, text=True, timeout=300)
    assert in_package_xml == done.stdout.split()[-1] == spike_recon_ros.__version__


def test_the_maintainer_has_an_address_that_colcon_accepts():
    for folder in (ROOT, MESSAGES):
        maintainer = ElementTree.parse(folder / 'package.xml').find('maintainer')
        assert re.fullmatch(r'[\w.-]+@[\w-]+(\.[\w-]+)*\.[a-z]{2,}', maintainer.get('email'))


def test_every_console_script_also_exists_where_ros2_run_looks():
    entries = ast.literal_eval(set_up_py()['entry_points'])['console_scripts']
    for name, _, target in (entry.partition(' = ') for entry in entries):
        script = ROOT / 'scripts' / name
        module, _, function = target.partition(':')
        assert script.stat().st_mode & stat.S_IXUSR
        assert f'from {module} import {function}\n' in script.read_text(encoding='utf-8')
    assert len(list((ROOT / 'scripts').iterdir())) == len(entries)


def test_launch_and_configuration_files_are_installed():
    share = Path(sys.prefix) / 'share' / 'spike_recon_ros'
    if not share.exists():
        pytest.skip('spike_recon_ros is not installed into this environment by pip')
    for folder in ('launch', 'config'):
        wanted = {file.name for file in (ROOT / folder).iterdir() if file.is_file()}
        assert wanted <= {file.name for file in (share / folder).iterdir()}


def test_the_message_has_the_type_hash_of_the_camera_drivers():
    store = get_typestore(Stores.ROS2_JAZZY)
    text = (MESSAGES / 'msg' / 'EventPacket.msg').read_text(encoding='utf-8')
    store.register(get_types_from_msg(text, EVENT_PACKET))
    assert store.hash_rihs01(EVENT_PACKET) == TYPE_HASH


def test_the_installed_message_has_the_type_hash_of_the_camera_drivers():
    description = Path(sys.prefix) / 'share' / 'event_camera_msgs' / 'msg' / 'EventPacket.json'
    if not description.exists():
        pytest.skip(f'event_camera_msgs was not built into this environment: no {description}')
    hashes = json.loads(description.read_text(encoding='utf-8'))['type_hashes']
    found = {entry['type_name']: entry['hash_string'] for entry in hashes}
    assert found[EVENT_PACKET] == TYPE_HASH


def test_the_shared_memory_profile_holds_a_large_segment_and_replaces_the_built_in_one():
    space = '{http://www.eprosima.com}'
    profile = ElementTree.parse(ROOT / 'config' / 'fastdds_shm64.xml').getroot()
    declared = {
        item.findtext(f'{space}transport_id'): item.findtext(f'{space}segment_size')
        for item in profile.iter(f'{space}transport_descriptor')
    }
    participant = profile.find(f'{space}participant')
    used = participant.find(f'.//{space}userTransports').findall(f'{space}transport_id')
    assert participant.get('is_default_profile') == 'true'
    assert participant.findtext(f'.//{space}useBuiltinTransports') == 'false'
    assert {item.text for item in used} == set(declared)
    assert str(SEGMENT_BYTES) in declared.values()


@pytest.mark.parametrize(
    'file', sorted((ROOT / 'docker').glob('Dockerfile.*')), ids=lambda x: x.name
)
def test_docker_images_are_pinned_and_do_not_run_as_root(file):
    lines = file.read_text(encoding='utf-8').splitlines()
    (base,) = [line for line in lines if line.startswith('FROM ')]
    assert re.search(r'@sha256:[0-9a-f]{64}$', base)
    assert [line for line in lines if line.startswith('USER ')][-1] != 'USER root'
