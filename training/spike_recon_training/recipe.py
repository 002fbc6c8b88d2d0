# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Everything that a training run depends on besides the photographs, as a YAML file."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.representations.registry import ANY_LOOKAHEAD, SPIKE_KINDS
from spike_recon_ros.representations.voxel_grid import NORMALISATIONS
from spike_recon_ros.whole_file import write_whole
from spike_recon_training.losses import SSIM_SIDE, STRUCTURE_SIDE, LossWeights
from spike_recon_training.simulation.image_samples import ImageModel, image_demands
from spike_recon_training.simulation.moving_layers import blur_demands
from spike_recon_training.simulation.sequences import SequenceModel
from spike_recon_training.simulation.spike_sequences import SpikeSequenceModel
from spike_recon_training.typed_values import plain, typed

RECIPES = Path(__file__).resolve().parent / 'recipes'
PRECISIONS = ('32', 'bf16', '16')
CROP_STEP = 8
"""Sensors smaller than `crop` have sides that are a multiple of it, pixels."""
IMAGES = 'images'
SENSORS = *(kind.value for kind in SensorKind), IMAGES
SMALLEST_CROP = -(-STRUCTURE_SIDE // CROP_STEP) * CROP_STEP
"""The smallest side for which every term of the loss is defined, pixels."""
LINEAR = (
    'things', 'steps', 'mismatch', 'blur_px', 'aperture_px', 'noise_spread', 'noise_in_dark',
    'noise_on',
)  # fmt: skip
"""Ranges that are uniform and may start at 0; all others are log-uniform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChoice:
    """Name and arguments of a network; see `spike_recon_models.networks.registry`."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotographChoice:
    """Preparation of the photographs.

    Attributes:
        side: of the squares that they are cropped to, pixels.
        pattern_share: share of squares with drawn patterns.
        held_share: share of the files that is held back for validation, chosen by file name.
    """

    side: int = 256
    pattern_share: float = 0.2
    held_share: float = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoChoice:
    """Preparation of the videos, if any are given.

    Attributes:
        share: of the batches that are cut from videos; the others use photographs.
        side: shorter side that larger videos are reduced to, pixels.
        longest: maximum number of frames of a file.
        held_share: share of the files that is held back for validation, chosen by file name.
    """

    share: float = 0.5
    side: int = 270
    longest: int = 240
    held_share: float = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
    """How the network is trained.

    Attributes:
        batch: sequences per step, on each device.
        crop: height and width of the simulated sensor, pixels.
        small_share: share of batches with smaller sensors, from SMALLEST_CROP to half of `crop`: a
            network with a large receptive field recognises the size by the borders, and must work
            there too.
        windows: windows through which gradients flow back before the state is detached.
        segments: fewest and most such segments in a sequence; each sequence starts cold.
        learning_rate: the highest.
        weight_decay: of AdamW.
        warm_up: share of the training in which the learning rate rises; unless there are `stages`.
        stages: number of equal parts of the training, each with a constant learning rate; 0 = a
            linear rise, then half a cosine.
        stage_factor: learning rate of a stage, as a share of that of the stage before.
        gradient_clip: greatest norm of the gradient.
        average: decay per step of the averaged weights, which are exported.
        only: parts of the network that are trained, as named in its class; all others keep their
            weights. Empty = the whole network.
        precision: 32, or bf16 or 16 for mixed precision.
        budget_minutes: length of the training, if the command line does not give one.
        epochs: length of the training instead of the minutes; 0 = use the minutes. An epoch is as
            many sequences as there are photographs to train on.
    """

    batch: int = 8
    crop: int = 64
    small_share: float = 0.0
    windows: int = 20
    segments: tuple[int, int] = (1, 4)
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warm_up: float = 0.03
    stages: int = 0
    stage_factor: float = 0.5
    gradient_clip: float = 1.0
    average: float = 0.998
    only: tuple[str, ...] = ()
    precision: str = '32'
    budget_minutes: float = 20.0
    epochs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A training run.

    Attributes:
        name: of the bundle.
        network: which network.
        sensor: `event` or `spike`; or `images` for networks that turn images into images.
        image_task: of a network for images, `colour` or `between` (in-between frames).
        normalisation: of the voxel grids, as in `voxel_grid`.
        representation: of a spike camera's planes, `kind` and its parameters; see
            `spike_recon_ros.representations.registry`.
        window_ms: default window of the bundle.
        longest_window_ms: windows above it are read in equal parts; 0 = 1.2 times the longest in
            training.
        seed: of weights and simulation.
        licence: of the weights.
        photographs: preparation of the photographs.
        videos: preparation of the videos.
        sequences: simulation of event cameras.
        spikes: simulation of spike cameras.
        images: pairs and sequences of images.
        loss: weights of its terms.
        optimisation: how the network is trained.
    """

    name: str
    network: NetworkChoice
    sensor: str = 'event'
    image_task: str = 'colour'
    normalisation: str = 'none'
    representation: dict[str, Any] = field(default_factory=dict)
    window_ms: float = 20.0
    longest_window_ms: float = 0.0
    seed: int = 0
    licence: str = 'Apache-2.0'
    photographs: PhotographChoice = field(default_factory=PhotographChoice)
    videos: VideoChoice = field(default_factory=VideoChoice)
    sequences: SequenceModel = field(default_factory=SequenceModel)
    spikes: SpikeSequenceModel = field(default_factory=SpikeSequenceModel)
    images: ImageModel = field(default_factory=ImageModel)
    loss: LossWeights = field(default_factory=LossWeights)
    optimisation: Optimisation = field(default_factory=Optimisation)


def find_recipe(name: str) -> Path:
    """Return the file of a recipe, given a path or the name of one in the package.

    Raises:
        UserError: there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    own = RECIPES / f'{name}.yaml'
    if own.is_file():
        return own
    names = ', '.join(sorted(file.stem for file in RECIPES.glob('*.yaml')))
    raise UserError(f'there is no recipe {name}; give a YAML file or one of: {names}')


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        UserError: the file is no YAML mapping, or a key or value is wrong.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f'{path} cannot be read as YAML: {error}') from None
    try:
        recipe = typed(Recipe, content, '')
        _check(recipe)
    except ValueError as error:
        raise UserError(f'recipe {path}: {error}') from None
    return recipe


def write_recipe(recipe: Recipe, path: Path) -> None:
    """Write the recipe, including defaults."""
    write_whole(path, yaml.safe_dump(plain(dataclasses.asdict(recipe)), sort_keys=False))


def _check(recipe: Recipe) -> None:
    """Raise ValueError for wrong values of the right type."""
    o, s, photographs = recipe.optimisation, recipe.sequences, recipe.photographs
    above_0 = ('batch', 'windows', 'learning_rate', 'gradient_clip', 'budget_minutes')
    demands = {
        f'sensor must be one of: {", ".join(SENSORS)}': recipe.sensor in SENSORS,
        f'representation.kind must be one of: {", ".join(SPIKE_KINDS)}': (
            recipe.sensor != 'spike' or recipe.representation.get('kind') in SPIKE_KINDS
        ),
        f'spikes.hasty_share needs representation.kind to be one of: {", ".join(ANY_LOOKAHEAD)}': (
            not recipe.spikes.hasty_share or recipe.representation.get('kind') in ANY_LOOKAHEAD
        ),
        **image_demands(
            recipe.images, recipe.image_task, o.crop if recipe.sensor == IMAGES else 0
        ),
        f'normalisation must be one of: {", ".join(NORMALISATIONS)}': (
            recipe.normalisation in NORMALISATIONS
        ),
        f'optimisation.precision must be one of: {", ".join(PRECISIONS)}': (
            o.precision in PRECISIONS
        ),
        'optimisation.segments must begin at 1 or above': o.segments[0] >= 1,
        'a weight of loss that compares images must be above 0': recipe.loss.compares,
        'optimisation.epochs and .stages must be 0 or above': min(o.epochs, o.stages) >= 0,
        'loss.noise needs sensor: event and normalisation: none': (
            not recipe.loss.noise or (recipe.sensor, recipe.normalisation) == ('event', 'none')
        ),
        'optimisation.stage_factor must be above 0 and at most 1': 0 < o.stage_factor <= 1,
        'shares, optimisation.average and .warm_up must lie from 0 to below 1': all(
            0 <= share < 1 for share in _shares(recipe)
        ),
        f'optimisation.crop must be at least {SSIM_SIDE}, which the validation by SSIM needs': (
            o.crop >= SSIM_SIDE
        ),
        f'loss.structure needs an optimisation.crop of at least {STRUCTURE_SIDE}': (
            not recipe.loss.structure or o.crop >= STRUCTURE_SIDE
        ),
        f'optimisation.small_share needs an optimisation.crop of at least {2 * SMALLEST_CROP}': (
            not o.small_share or o.crop >= 2 * SMALLEST_CROP
        ),
        'loss.teacher must lie from 0 to 1': 0 <= recipe.loss.teacher <= 1,
        'photographs.side and videos.side must be at least 32': (
            min(photographs.side, recipe.videos.side) >= 32
        ),
        **blur_demands(photographs.side, sequences=s.world, spikes=recipe.spikes.world),
        'videos.share must lie from 0 to 1': 0 <= recipe.videos.share <= 1,
        'things must be 0 or above': min(s.things[0], recipe.spikes.things[0]) >= 0,
        'sequences.steps must be 1 or above': min(s.steps) >= 1,
        **{f'optimisation.{name} must be above 0': getattr(o, name) > 0 for name in above_0},
        **{f'{name} must be above 0': low > 0 for name, low in _logarithmic(recipe)},
    }
    if broken := [demand for demand, met in demands.items() if not met]:
        raise ValueError(broken[0])


def _shares(recipe: Recipe) -> tuple[float, ...]:
    """Return the values that must lie from 0 to below 1."""
    o, s = recipe.optimisation, recipe.sequences
    photographs = recipe.photographs
    return (
        *(photographs.pattern_share, photographs.held_share, recipe.videos.held_share),
        *(s.lamps.share, s.cuts.share, *s.faults.shares, *s.frames.shares),
        *(s.world.still_share, s.world.sudden_share, recipe.spikes.world.sudden_share),
        *(o.average, o.warm_up, o.small_share),
        recipe.spikes.hasty_share,
        recipe.spikes.early_share,
        recipe.spikes.keyed_share,
    )


def _logarithmic(recipe: Recipe) -> Iterator[tuple[str, float]]:
    """Yield name and least value of each log-uniform range."""
    for where, model in (
        ('sequences.', recipe.sequences),
        ('sequences.world.', recipe.sequences.world),
        ('sequences.video.', recipe.sequences.video),
        ('sequences.lamps.', recipe.sequences.lamps),
        ('sequences.cuts.', recipe.sequences.cuts),
        ('sequences.sensor.', recipe.sequences.sensor),
        ('sequences.faults.', recipe.sequences.faults),
        ('sequences.frames.', recipe.sequences.frames),
        ('images.', recipe.images),
        ('spikes.', recipe.spikes),
        ('spikes.world.', recipe.spikes.world),
        ('spikes.video.', recipe.spikes.video),
        ('spikes.sensor.', recipe.spikes.sensor),
    ):
        for item in dataclasses.fields(model):
            value = getattr(model, item.name)
            if isinstance(value, tuple) and item.name not in LINEAR:
                yield f'{where}{item.name}', value[0]
