"""Watching runs that tests train, and stopping them."""

from regx.training.run import Observer

__all__ = ["Quiet", "StopAt"]


class Quiet(Observer):
    """Keeps what a user would be told, and says nothing."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def noticed(self, message: str) -> None:
        self.notices.append(message)


class StopAt:
    """Wants to stop at a step; asked once before each."""

    def __init__(self, step: int) -> None:
        self.asked, self.step = -1, step

    @property
    def wanted(self) -> bool:
        self.asked += 1
        return self.asked >= self.step
