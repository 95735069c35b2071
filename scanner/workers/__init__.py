"""Worker processes: how files are analysed in parallel, and what survives a crash."""

from scanner.workers.supervise import Supervisor
from scanner.workers.work import Job, Outcome

__all__ = ["Job", "Outcome", "Supervisor"]
