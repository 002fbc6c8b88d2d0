# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which recordings have images, and which of them are the truth."""

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.open_images import open_images, truth_topic
from spike_recon_ros.topics import GROUND_TRUTH

GRAY = np.arange(15, dtype=np.uint8).reshape(3, 5)


def test_images_of_a_bag_are_yielded_with_their_stamps(either_ros, write_bag, tmp_path):
    content = [
        ('/a', either_ros.image(7, GRAY, 'mono8')),
        ('/a', either_ros.image(9, GRAY, 'mono8')),
    ]
    path = write_bag(tmp_path / 'bag', either_ros, content)
    assert [stamp_ns for stamp_ns, _ in open_images(path, '/a')] == [7, 9]


def test_the_ground_truth_of_a_bag_is_found_by_its_name(ros2, write_bag, tmp_path):
    image = ros2.image(1, GRAY, 'mono8')
    with_truth = write_bag(tmp_path / 'a', ros2, [('/other', image), (GROUND_TRUTH, image)])
    without = write_bag(tmp_path / 'b', ros2, [('/other', image)])
    assert truth_topic(with_truth) == GROUND_TRUTH
    assert truth_topic(without) is None


def test_a_file_without_topics_has_neither(tmp_path):
    raw = tmp_path / 'a.raw'
    raw.write_bytes(b'% end\n' + bytes(16))
    assert truth_topic(raw) is None
    with pytest.raises(UserError, match='holds no images; give a bag or a dataset'):
        next(open_images(raw, '/a'))


def test_a_missing_file_or_topic_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match='there is no file'):
        truth_topic(tmp_path / 'missing')
