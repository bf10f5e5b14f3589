"""Videos read by PyAV."""
