"""The sidecar service over HTTP: thin routes over the services, behind a token."""
