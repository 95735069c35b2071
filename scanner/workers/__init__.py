"""Worker processes: how files are analysed in parallel, and what survives a crash."""

from scanner.workers.first_time import compile_once
from scanner.workers.scratch import private_folder
from scanner.workers.supervise import Supervisor
from scanner.workers.work import Job, Outcome

__all__ = [
    "Job",
    "Outcome",
    "Supervisor",
    "compile_once",
    "private_folder",
]
