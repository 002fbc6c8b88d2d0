# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Package description; stays a setup.py because colcon's ament_python build needs one."""

import re
import sys
from glob import glob
from pathlib import Path

from setuptools import Distribution, find_packages, setup

NAME = 'spike_recon_ros'
SHARE = f'share/{NAME}'
# With --symlink-install colcon runs a link to this file, in a folder without the README.
HERE = Path(__file__).resolve().parent
README = HERE / 'README.md'

# `ros2 run` and launch files look for programs in lib/<package>. colcon installs console scripts
# there by itself (setup.cfg); pip installs them in bin/ only, so a wheel also carries small
# scripts. A colcon build must not have both: they would be one file, written twice.
MADE_BY_PIP = bool({'bdist_wheel', 'editable_wheel'} & set(sys.argv))
LIBEXEC = [(f'lib/{NAME}', glob('scripts/*'))] if MADE_BY_PIP else []

ROS_WHEELS = [
    'ros-rclpy[fastrtps]>=7.1',
    'ros-sensor-msgs',
    'ros-std-msgs',
    'ros-std-srvs',
    'ros-diagnostic-msgs',
    'ros-lifecycle-msgs',
    'ros-rosgraph-msgs',
]


X86_64_LINUX = "sys_platform == 'linux' and platform_machine == 'x86_64'"


class WithDataFiles(Distribution):
    """Lets `pip install -e .` install launch files and configuration too."""

    def has_data(self) -> bool:
        """Tell setuptools, which asks for this method but has none of its own."""
        return bool(self.data_files)


def version() -> str:
    """Return the version, which is written in the package's `__init__.py`."""
    text = (HERE / NAME / '__init__.py').read_text(encoding='utf-8')
    found = re.search(r"^__version__ = '(.+)'$", text, re.MULTILINE)
    assert found is not None
    return found[1]


setup(
    distclass=WithDataFiles,
    name=NAME,
    version=version(),
    description='Live intensity video from event cameras and spike cameras, for ROS 2',
    long_description=README.read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='spike_recon_ros maintainers',
    maintainer='spike_recon_ros maintainers',
    maintainer_email='spike-recon-ros@users.noreply.github.com',
    license='Apache-2.0',
    keywords=['ROS 2', 'event camera', 'spike camera', 'image reconstruction', 'neuromorphic'],
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Developers',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Multimedia :: Video',
        'Topic :: Scientific/Engineering :: Image Processing',
        'Typing :: Typed',
    ],
    python_requires='>=3.10',
    packages=[
        *find_packages(str(HERE), include=[NAME, f'{NAME}.*']),
        *find_packages(str(HERE / 'models')),
        *find_packages(str(HERE / 'training')),
    ],
    # Top-level packages called `models` or `training` would collide with other people's.
    package_dir={
        'spike_recon_models': 'models/spike_recon_models',
        'spike_recon_training': 'training/spike_recon_training',
    },
    package_data={
        NAME: ['py.typed', 'backends/cuda/*.cu', 'viewer/page/*'],
        'spike_recon_models': ['py.typed', 'zoo/*/*', 'image_zoo/*/*'],
        'spike_recon_training': ['py.typed', 'recipes/*.yaml'],
    },
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (SHARE, ['package.xml']),
        (f'{SHARE}/launch', glob('launch/*.launch.py')),
        (f'{SHARE}/config', glob('config/*')),
        *LIBEXEC,
    ],
    install_requires=[
        'setuptools',
        'numpy>=1.22',
        'numba>=0.58',
        'opencv-python-headless>=4.7',
        'PyYAML>=5.4',
        'rich>=12.3',
        'rosbags>=0.11.7',
        'mcap>=1.1',
        'lz4',
        'zstandard',
        'rosbags-image>=0.10',
    ],
    extras_require={
        'ros': ROS_WHEELS,
        'video': ['av'],
        'viewer': ['aiohttp>=3.8'],
        'aedat4': ['aedat'],
        'hdf5': ['h5py>=3', 'hdf5plugin'],
        'es': ['event_stream'],
        # On a Jetson all but onnx comes with JetPack, or is older: see docs/gpu.md.
        'tensorrt': [
            'tensorrt>=10.3',
            'cuda-bindings>=12.9',
            f'nvidia-cuda-nvrtc>=13; {X86_64_LINUX}',
            'onnx',
        ],
        # For development: parses and builds engines on machines without a GPU, and compiles for
        # them. Nothing of NVIDIA's is there for other machines, on which the tests skip.
        # One word: what is written with an underscore, not every pip finds again.
        'rtx': [
            f'tensorrt-rtx-cu13-libs>=1.7; {X86_64_LINUX}',
            f'tensorrt-rtx-cu13-bindings>=1.7; {X86_64_LINUX}',
            f'cuda-bindings>=13; {X86_64_LINUX}',
            f'nvidia-cuda-nvrtc>=13; {X86_64_LINUX}',
            'onnx',
        ],
        'openvino': ['openvino>=2024.4'],
        'onnxruntime': ['onnxruntime>=1.18'],
        'torch': ['torch>=2.4', 'safetensors'],
        'training': [
            'torch>=2.6',
            'lightning>=2.6',
            'tensorboard',
            'safetensors',
            'onnx',
            'onnxscript',
        ],
        'evaluation': ['matplotlib', 'scikit-image'],
        # ruff formats the signatures of the API reference.
        'docs': ['mkdocs-material>=9.5,<10', 'mkdocstrings[python]>=0.26', 'ruff'],
        'test': [
            'pytest',
            'pytest-cov',
            'pytest-xdist>=3.8',
            'setuptools>=77',  # builds the wheel that a test installs
            'hypothesis',
            'scikit-image',
            'ruff',
            'mypy',
            'types-PyYAML',
        ],
    },
    entry_points={
        'console_scripts': [
            'spike-recon = spike_recon_ros.cli.entry:spike_recon',
            'recon_node = spike_recon_ros.cli.entry:recon_node',
            'play_node = spike_recon_ros.cli.entry:play_node',
            'record_node = spike_recon_ros.cli.entry:record_node',
        ],
    },
    zip_safe=True,
)
