"""Reading the existing system's public releases."""
