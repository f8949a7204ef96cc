"""The learning rate that the steps really used."""

from regx.probes.protocol import WHOLE_NETWORK, Probe, ProbeRow, ProbeSpec, Rows, is_milestone

__all__ = ["SPEC", "LearningRate"]


class LearningRate(Probe):
    """Reads rate and momentum from the optimiser, at log-spaced steps and the last of each epoch."""

    def after_step(self) -> Rows:
        """Read what the step used."""
        run = self.run
        if not is_milestone(run.config, run.step):
            return None
        lr, momentum = run.optimizer.lr, run.optimizer.momentum
        return [
            ProbeRow(WHOLE_NETWORK, "lr", lr),
            ProbeRow(WHOLE_NETWORK, "momentum", momentum),
            ProbeRow(WHOLE_NETWORK, "effective_lr", lr / (1 - momentum)),
        ]


SPEC = ProbeSpec(
    description="The learning rate and momentum that the steps really used.",
    quantities={
        "lr": "Learning rate: the factor of the velocity.",
        "momentum": "Momentum, in [0, 1).",
        "effective_lr": "lr / (1 - momentum): how far a constant gradient moves the weights in a step.",
    },
    build=LearningRate,
)
