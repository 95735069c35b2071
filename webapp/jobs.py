"""Background jobs of the server: uploads in a bounded queue, reports that train."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

from catalog.exceptions import CatalogError
from catalog.runs import RunFacts
from catalog.schema import open_catalog
from classify.exceptions import ClassifyError
from classify.reports.registry import Report
from classify.reports.table import Table
from webapp.errors import BusyError, NotFoundError, UploadError
from webapp.settings import ServeSettings

log = logging.getLogger(__name__)

Phase = Literal["waiting", "analysing", "judging", "done", "failed"]


@dataclass
class Job:
    """One upload on its way.

    Attributes
    ----------
    id : str
        Cannot be guessed: whoever knows it may read the verdict.
    phase : Phase
    done_s, of_s : float or None
        Seconds of audio that are analysed, and how many there seem to be.
    result : dict or None
    error : str or None
        Why there is no verdict.
    """

    id: str
    phase: Phase = "waiting"
    done_s: float | None = None
    of_s: float | None = None
    result: dict[str, Any] | None = None
    error: str | None = None
    finished: threading.Event = field(default_factory=threading.Event)

    def note_progress(
        self, phase: Phase, done_s: float | None, of_s: float | None
    ) -> None:
        """Note how far the work is."""
        self.phase, self.done_s, self.of_s = phase, done_s, of_s

    def document(self) -> dict[str, Any]:
        """Return what a reader is told."""
        return {
            "job": self.id,
            "phase": self.phase,
            "done_s": self.done_s,
            "of_s": self.of_s,
            "verdict": self.result,
            "error": self.error,
        }


class Jobs:
    """Takes uploads, works on a few at once, keeps the newest verdicts for a while."""

    def __init__(self, settings: ServeSettings) -> None:
        self._limits = settings.limits
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._pool = ThreadPoolExecutor(settings.limits.running, "judge")

    def submit(
        self, file: BinaryIO, work: Callable[[BinaryIO, Job], dict[str, Any]]
    ) -> Job:
        """Queue an upload; `file` is closed when the work has ended, however it does.

        Raises
        ------
        BusyError
            As many as may wait are waiting.
        """
        with self._lock:
            open_ = sum(not job.finished.is_set() for job in self._jobs.values())
            if open_ >= self._limits.running + self._limits.waiting:
                file.close()
                raise BusyError("others are being judged; try again in a moment")
            self._drop_oldest()
            job = Job(secrets.token_urlsafe(16))
            self._jobs[job.id] = job
            try:
                self._pool.submit(self._work, job, file, work)
            except RuntimeError as error:  # `end` came first
                file.close()
                del self._jobs[job.id]
                raise BusyError("this server is ending") from error
        return job

    def shut_down(self) -> None:
        """Take no more, and forget those that wait: the process would stay for them."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def find(self, job_id: str) -> Job:
        """Return a job.

        Raises
        ------
        NotFoundError
            There is none of this name, or it is too old.
        """
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None:
            raise NotFoundError("there is no such upload, or no longer")
        return job

    def _work(
        self,
        job: Job,
        file: BinaryIO,
        work: Callable[[BinaryIO, Job], dict[str, Any]],
    ) -> None:
        try:
            with file:
                job.result = work(file, job)
            job.phase = "done"
        except UploadError as error:
            job.error, job.phase = str(error), "failed"
        except Exception:
            log.exception("an upload could not be judged")
            job.error = "something went wrong here; the server's log says what"
            job.phase = "failed"
        finally:
            job.finished.set()

    def _drop_oldest(self) -> None:
        finished = [name for name, job in self._jobs.items() if job.finished.is_set()]
        for name in finished[: max(0, len(self._jobs) - self._limits.kept + 1)]:
            del self._jobs[name]


log = logging.getLogger(__name__)


@dataclass
class ReportJob:
    """One report on its way: its table when it is done, or why there is none."""

    table: Table | None = None
    error: str | None = None

    @property
    def under_way(self) -> bool:
        """Whether it is still being made."""
        return self.table is None and self.error is None


class ReportJobs:
    """Makes one study at a time and remembers each by what it was asked."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._known: dict[Any, ReportJob] = {}

    def find(
        self, report: Report, run: RunFacts, choice: dict[str, Any]
    ) -> ReportJob | None:
        """Return a study that was begun; None where it was not."""
        with self._lock:
            return self._known.get(_key(report, run, choice))

    def begin(self, report: Report, run: RunFacts, choice: dict[str, Any]) -> ReportJob:
        """Begin a study unless it was begun before and did not fail.

        Raises
        ------
        BusyError
            Another one is being made.
        """
        key = _key(report, run, choice)
        with self._lock:
            known = self._known.get(key)
            if known is not None and known.error is None:
                return known
            if any(report_job.under_way for report_job in self._known.values()):
                raise BusyError("another report is being made; try again in a minute")
            report_job = self._known[key] = ReportJob()
        threading.Thread(
            target=self._make, args=(report_job, report, run.id, choice), daemon=True
        ).start()
        return report_job

    def _make(
        self, report_job: ReportJob, report: Report, run_id: int, choice: dict[str, Any]
    ) -> None:
        try:
            with open_catalog(self._url, mode="read") as catalog:
                report_job.table = report.make(catalog, run_id, **choice)
        except (ClassifyError, CatalogError) as error:
            report_job.error = str(error)
        except Exception:
            log.exception("the report %s could not be made", report.name)
            report_job.error = "it could not be made; the server's log says why"


def _key(report: Report, run: RunFacts, choice: dict[str, Any]) -> tuple[Any, ...]:
    # a catalog made anew counts its runs from 1 again
    return report.name, run.id, run.created_at, tuple(sorted(choice.items()))
