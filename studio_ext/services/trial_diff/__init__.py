"""What differs between two trials beyond numbers."""

from studio_ext.services.trial_diff.service import TrialDiffs

__all__ = ["TrialDiffs"]
