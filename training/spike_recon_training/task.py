# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One step of training: truncated backpropagation through time.

Also keeps the running average of the weights, which is what is validated and exported.
"""

import copy
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.nn import functional

from spike_recon_models.networks.plane_network import PlaneNetwork
from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_ros.errors import UserError
from spike_recon_training.auxiliary_images import with_others
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.losses import Distance, Frames, Loss, LossWeights, smooth_l1
from spike_recon_training.noisy_sensors import NoisyRest
from spike_recon_training.recipe import Optimisation
from spike_recon_training.reconstruction import reconstructed
from spike_recon_training.silent_sensors import Rest
from spike_recon_training.teacher import Teacher

SENSORS = 'sensors'
"""Part of a checkpoint."""


class ReconstructionTask(LightningModule):
    """Carries the recurrent state from segment to segment, detached in between.

    Args:
        network: to train.
        weights: of the loss.
        optimisation: of the recipe.
        perceptual: distance of images, if the loss has a weight for it.
        teacher: network to imitate, if the loss has a weight for it.

    Attributes:
        network: the network with the weights of the last step.
        average: the network with averaged weights, which are better and are exported.
    """

    def __init__(
        self,
        network: RecurrentNetwork,
        weights: LossWeights,
        optimisation: Optimisation,
        perceptual: Distance | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.average = copy.deepcopy(network).requires_grad_(False)
        self.last_terms: dict[str, torch.Tensor] = {}
        self._loss = Loss(weights, perceptual)
        self._teacher, self._teacher_weight = teacher, weights.teacher
        self._distance = smooth_l1 if weights.smooth_l1 else functional.l1_loss
        self._rest, self._rest_weight = Rest(optimisation.crop), weights.rest
        self._noisy, self._noise_weight = NoisyRest(optimisation.crop), weights.noise
        self._optimisation = optimisation
        self._state: tuple[torch.Tensor, ...] | None = None
        self._before: Frames | None = None
        self._before_taught: Frames | None = None

    def training_step(self, segment: Segment, index: int) -> torch.Tensor:
        """Return the loss of a segment."""
        if segment.cold:
            self._state = self._before = self._before_taught = None
        if isinstance(self.network, PlaneNetwork):
            video, state, others = with_others(self.network, segment, self._state, self._distance)
        else:
            (video, state), others = reconstructed(self.network, segment.grids, self._state), {}
        loss, terms = self._loss(video, segment.truths, self._before)
        loss = loss + sum(others.values(), loss.new_zeros(()))
        self._state = tuple(tensor.detach() for tensor in state)
        self._before = video[-1].detach(), segment.truths[-1]
        if self._teacher is not None:
            taught = self._teacher.images(segment)
            others['teacher'], _ = self._loss(video, taught, self._before_taught)
            self._before_taught = video[-1].detach(), taught[-1]
            loss = loss + self._teacher_weight * (others['teacher'] - loss)
        if self._rest_weight:
            others['rest'] = self._rest.change(self.network, self._state)
            loss = loss + self._rest_weight * others['rest']
        if self._noise_weight:
            others['noise'] = self._noisy.change(self.network, self._state)
            loss = loss + self._noise_weight * others['noise']
        others = {name: term.detach() for name, term in others.items()}
        self.last_terms = {'loss': loss.detach(), **terms, **others}
        return loss

    def on_train_epoch_start(self) -> None:
        """Reset the state: after a resume another sequence starts."""
        self._state = self._before = self._before_taught = None
        if self._teacher is not None:
            self._teacher.reset()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the sensors of the terms `rest` and `noise`, which last for hundreds of steps."""
        checkpoint[SENSORS] = {'rest': self._rest.state_dict(), 'noise': self._noisy.state_dict()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Continue these sensors; checkpoints of earlier versions have none."""
        if SENSORS in checkpoint:
            self._rest.load_state_dict(checkpoint[SENSORS]['rest'])
            self._noisy.load_state_dict(checkpoint[SENSORS]['noise'], self.network.grid_bins)

    def update_average(self, step: int) -> None:
        """Update the average; faster at first, so that it drops the initial weights.

        Args:
            step: number of steps of the optimiser so far.
        """
        decay = min(self._optimisation.average, (1 + step) / (10 + step))
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
            for averaged, parameter in pairs:
                averaged.lerp_(parameter, 1 - decay)
            for kept, buffer in zip(self.average.buffers(), self.network.buffers(), strict=True):
                kept.copy_(buffer)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Stop a training that diverges.

        Raises:
            UserError: the loss is not finite.
        """
        # Not in every step, because reading the loss makes a GPU wait.
        if self.global_step % 50 == 0 and not torch.isfinite(self.last_terms['loss']):
            raise UserError(
                f'the loss is not finite after {self.global_step} steps; lower '
                'optimisation.learning_rate in the recipe and continue with --resume'
            )

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser; the budget sets its learning rate before each step."""
        o = self._optimisation
        trained = [one for one in self.network.parameters() if one.requires_grad]
        return torch.optim.AdamW(trained, lr=o.learning_rate, weight_decay=o.weight_decay)


class Averaging(Callback):
    """Updates the average after each step.

    The first callback of a run, because a module's own hook comes after those of all callbacks:
    they would validate and store the average of the step before.
    """

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Update the average."""
        assert isinstance(pl_module, ReconstructionTask)
        pl_module.update_average(trainer.global_step)
