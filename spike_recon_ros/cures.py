# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The commands that install what is missing.

They name libraries rather than our own extras, so that they work for every kind of installation.
"""

EXTRAS: dict[str, tuple[str, ...]] = {
    'ros': (
        'ros-rclpy[fastrtps]',
        'ros-sensor-msgs',
        'ros-std-msgs',
        'ros-std-srvs',
        'ros-diagnostic-msgs',
        'ros-lifecycle-msgs',
        'ros-rosgraph-msgs',
    ),
    'video': ('av',),
    'viewer': ('aiohttp',),
    'aedat4': ('aedat',),
    'hdf5': ('h5py', 'hdf5plugin'),
    'es': ('event_stream',),
    'tensorrt': ('tensorrt', 'cuda-bindings', 'nvidia-cuda-nvrtc', 'onnx'),
    'rtx': (
        'tensorrt-rtx-cu13-libs',
        'tensorrt-rtx-cu13-bindings',
        'cuda-bindings',
        'nvidia-cuda-nvrtc',
        'onnx',
    ),
    'openvino': ('openvino',),
    'onnxruntime': ('onnxruntime',),
    'torch': ('torch', 'safetensors'),
    'training': ('torch', 'lightning', 'tensorboard', 'safetensors', 'onnx', 'onnxscript'),
    'evaluation': ('matplotlib', 'scikit-image'),
}
"""The libraries of each extra of the package."""
_DISTRIBUTIONS = {
    'cv2': 'opencv-python-headless',
    'yaml': 'PyYAML',
    'rosbags.image': 'rosbags-image',
    'skimage': 'scikit-image',
}


def pip_install(extra: str) -> str:
    """Return the command that installs the libraries of an extra."""
    return 'pip install ' + ' '.join(
        f"'{name}'" if '[' in name else name for name in EXTRAS[extra]
    )


def pip_install_module(module: str) -> str:
    """Return the command that installs the library which brings a top-level module."""
    return f'pip install {_DISTRIBUTIONS.get(module, module)}'
