# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Live intensity video from event cameras and spike cameras, for ROS 2.

The names below are the Python front door:

    import spike_recon_ros as sr

    for frame in sr.reconstruct('my_bag', model='fibar', fps=50):
        print(frame.t_ns, frame.image.mean())

Each name is imported when it is first used, so that importing the package itself costs nothing:
no ROS, no deep-learning library, not even NumPy.
"""

from importlib import import_module

# Type checkers read this as true. To import `typing` would take longer than the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from spike_recon_ros.errors import UserError
    from spike_recon_ros.frame import Frame
    from spike_recon_ros.offline.reconstruct import ArrayReconstructor, reconstruct
    from spike_recon_ros.packets.events import Events
    from spike_recon_ros.packets.packet import Packet
    from spike_recon_ros.packets.spike_planes import SpikePlanes
    from spike_recon_ros.reconstructor import Reconstructor
    from spike_recon_ros.settings import Settings
    from spike_recon_ros.sinks.open_sink import open_sink
    from spike_recon_ros.sources.open_source import open_source

__version__ = '0.2.0'

__all__ = [
    'ArrayReconstructor',
    'Events',
    'Frame',
    'Packet',
    'Reconstructor',
    'Settings',
    'SpikePlanes',
    'UserError',
    'open_sink',
    'open_source',
    'reconstruct',
]

_MODULE_OF = {
    'ArrayReconstructor': 'offline.reconstruct',
    'Events': 'packets.events',
    'Frame': 'frame',
    'Packet': 'packets.packet',
    'Reconstructor': 'reconstructor',
    'Settings': 'settings',
    'SpikePlanes': 'packets.spike_planes',
    'UserError': 'errors',
    'open_sink': 'sinks.open_sink',
    'open_source': 'sources.open_source',
    'reconstruct': 'offline.reconstruct',
}


if not TYPE_CHECKING:  # so that type checkers report names that do not exist

    def __getattr__(name: str) -> object:
        """Import the object behind a name of `__all__` when it is first asked for."""
        if name not in _MODULE_OF:
            raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
        value = getattr(import_module(f'{__name__}.{_MODULE_OF[name]}'), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the lazy names too, for completion in editors and notebooks."""
    return sorted({*globals(), *__all__})
