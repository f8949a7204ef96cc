"""Watching runs that tests train, and stopping them."""

from regx.training.observer import Observer

__all__ = ["Quiet"]


class Quiet(Observer):
    """Keeps what a user would be told; with `stop`, stops the run after so many steps of this process."""

    def __init__(self, stop: int | None = None) -> None:
        self.notices: list[str] = []
        self.taken, self.stop = 0, stop

    def noticed(self, message: str) -> None:
        self.notices.append(message)

    def before_step(self, step: int) -> bool:  # noqa: ARG002
        self.taken += 1
        return self.stop is None or self.taken <= self.stop
