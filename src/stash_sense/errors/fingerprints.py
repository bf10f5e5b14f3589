"""Errors about the faces that are kept of scenes and images."""

from stash_sense.errors.state import StateError


class KeptFacesDamaged(StateError):
    """The faces that are kept of a scene or an image are damaged ({reason}); the next scan makes them anew."""

    code = "kept_faces_damaged"


class FacesFileDamaged(StateError):
    """The file of kept faces {path} is damaged ({reason}); stop Stash Sense and delete it, it holds only what the
    next scan makes anew.
    """

    code = "faces_file_damaged"


class FacesFileTooNew(StateError):
    """The file of kept faces {path} was written by a newer Stash Sense (schema {schema}, this one knows up to
    {known}); update the program, or delete the file, it holds only what the next scan makes anew.
    """

    code = "faces_file_too_new"
