"""Every file that a run leaves in its folder: its writer beside its reader."""
