# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Run networks that turn images into images, on the same backends as the models.

Unlike a model (network_model.py), such a network reads no window: it has no sensor, no
representation, and its state, if any, advances with each image.
"""

import numpy as np

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.choice import Choice, choose_backend, load_backend
from spike_recon_ros.bundles.image_bundle import ImageBundle, find_image_bundle
from spike_recon_ros.errors import UserError
from spike_recon_ros.representations.padding import crop, mirror_beyond, padded_size


class ImageNetwork:
    """A loaded image network for images of one size.

    Args:
        bundle: bundle of the network.
        choice: backend to run it with.
        width: columns of the images.
        height: rows of the images.
        threads: number of CPU threads.

    Attributes:
        name: name of the bundle.
        description: network, backend, device and the reason for the choice, for the log.
        inputs: meaning of each input image, in the order of `step`.
        outputs: meaning of each channel that `step` returns.

    Raises:
        UserError: the bundle cannot be loaded, or deviates from its golden output.
    """

    def __init__(
        self, bundle: ImageBundle, choice: Choice, width: int, height: int, threads: int = 1
    ) -> None:
        self.name, self.inputs, self.outputs = bundle.name, bundle.inputs, bundle.outputs
        self._size, self._scale = (height, width), bundle.output_scale
        padded = padded_size(height, width, bundle.pad_multiple)
        self._tensor = np.zeros((bundle.bins, *padded), np.float32)
        where = Placement(*padded, choice.device, threads)
        self._backend, used = load_backend(choice, bundle, where)
        self.description = f'{bundle.name} with {self._backend.name} ({used.reason})'

    def step(self, *images: np.ndarray) -> np.ndarray:
        """Run the network on one image per input channel.

        Args:
            images: float32 [height, width] each, 0 to 1, in the order of `inputs`; not kept.

        Returns: float32 [channels, height, width], 0 to 1, in the order of `outputs`; height and
            width are multiplied by the bundle's `output_scale`.

        Raises:
            UserError: the number or the size of the images is not that of the network.
        """
        height, width = self._size
        if len(images) != len(self.inputs) or any(image.shape != self._size for image in images):
            shapes = ', '.join(str(image.shape) for image in images)
            raise UserError(
                f'{self.name} was loaded for {" and ".join(self.inputs)} of {width}x{height} '
                f'pixels and got images of shape {shapes or "none"}; load it for this size'
            )
        for channel, image in zip(self._tensor, images, strict=True):
            crop(channel, height, width)[:] = image
        mirror_beyond(self._tensor, height, width)
        output = self._backend.step(self._tensor)
        output = output[None] if output.ndim == 2 else output
        return np.ascontiguousarray(crop(output, self._scale * height, self._scale * width))

    def reset(self) -> None:
        """Zero the state, before images that do not follow the last ones."""
        self._backend.reset()

    def close(self) -> None:
        """Close the backend; no `step` may follow."""
        self._backend.close()


def load_image_network(
    name: str, width: int, height: int, *, choice: Choice | None = None, threads: int = 1
) -> ImageNetwork:
    """Load an image network with its self-test, its state zero.

    Args:
        name: name in the zoo, such as `grey_to_rgb`, or the path of a bundle.
        width: columns of the images.
        height: rows of the images.
        choice: backend to run it with; None = the fastest that is installed.
        threads: number of CPU threads.

    Raises:
        UserError: there is no such network, or no backend here can run it.
    """
    bundle = find_image_bundle(name)
    return ImageNetwork(bundle, choice or choose_backend(), width, height, threads)
