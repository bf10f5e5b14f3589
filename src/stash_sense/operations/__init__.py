"""The kinds of jobs that there are, one file each: what each does with the services, in terms of the queue."""
