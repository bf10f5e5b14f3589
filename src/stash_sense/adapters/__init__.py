"""The outside world behind the ports: model runtimes, video and picture files, package installers."""
