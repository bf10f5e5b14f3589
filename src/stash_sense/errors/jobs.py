"""Errors about the operation queue: its jobs, their kinds, their schedules."""

from stash_sense.errors.base import Cancelled, StashSenseError


class JobError(StashSenseError):
    """The operation queue cannot do that."""

    code = "job_error"


class JobTypeUnknown(JobError):
    """There is no kind of job called {type}; there are: {known}."""

    code = "job_type_unknown"


class JobUnknown(JobError):
    """There is no job {job}; it may have been cleared from the history."""

    code = "job_unknown"


class JobPayloadInvalid(JobError):
    """{type} cannot be started ({field}: {reason}); `stash-sense jobs types` tells what it takes."""

    code = "job_payload_invalid"


class JobActive(JobError):
    """Job {job} is still {status}; stop it, or wait until it has ended."""

    code = "job_active"


class JobEnded(JobError):
    """Job {job} has ended already ({status}); there is nothing left to stop."""

    code = "job_ended"


class JobCompleted(JobError):
    """Job {job} ({title}) is done, there is nothing left to try again; `stash-sense jobs run {type}` does it anew."""

    code = "job_completed"


class JobStopped(Cancelled):
    """Job {job} ({title}) was asked to stop; `stash-sense jobs retry {job}` goes on with it."""

    code = "job_stopped"


class JobTypeBusy(JobError):
    """{title} is at work already, as job {job}; stop that one first, or wait until it has ended."""

    code = "job_type_busy"


class JobLeftBehind(JobError):
    """{title} was left by a program that was killed, as job {job}; `stash-sense jobs watch {job}` goes on with it,
    `stash-sense jobs stop {job}` ends it."""

    code = "job_left_behind"


class ReplacementUnconfirmed(JobError):
    """Version {version} with {performers:,} performers is in use and was not built from {source}, or is far larger; a
    database with at most {people:,} people would take its place. Say `replace` true with the job if that is meant.
    """

    code = "replacement_unconfirmed"


class JobNotStoppable(JobError):
    """{title} cannot be stopped once it has begun; wait until it has ended."""

    code = "job_not_stoppable"


class JobCrashed(JobError):
    """The program ended {times} times in a row while this job ran, without any progress; it is not tried again by
    itself, and the program's log may tell why.
    """

    code = "job_crashed"


class JobFault(JobError):
    """{title} failed for a reason that nobody foresaw ({reason}); the program's log tells more, please report this
    fault in Stash Sense.
    """

    code = "job_fault"


class JobFromBackup(JobError):
    """It was active when the backup was made that is the state now, and what it would do may be out of date;
    `stash-sense jobs retry {job}` goes on with it.
    """

    code = "job_from_backup"


class JobListingInvalid(JobError):
    """The list of jobs cannot be asked for with {field} {value}: {reason}."""

    code = "job_listing_invalid"


class ScheduleInvalid(JobError):
    """The {field} of a schedule cannot be {value}: {reason}."""

    code = "schedule_invalid"
