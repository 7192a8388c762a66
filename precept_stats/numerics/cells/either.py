"""What rules of inference ask of a linear mixed model's fit, whichever kernel made it.

Each name is the function of ``numerics.mixed`` and, for a ``CellFit``, that of ``numerics.cells``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

from precept_stats.numerics.cells import constrained, information
from precept_stats.numerics.cells.fit import CellFit
from precept_stats.numerics.mixed import constrained as mixed_constrained
from precept_stats.numerics.mixed import information as mixed_information
from precept_stats.numerics.mixed.fit import MixedFit
from precept_stats.numerics.mixed.information import CovarianceInformation, ThetaInformation
from precept_stats.numerics.mixed.model import Matrix, Vector

AnyMixedFit = MixedFit | CellFit

_covariance = singledispatch(mixed_information.covariance_information)
_covariance.register(CellFit, information.covariance_information)
covariance_information: Callable[[AnyMixedFit], CovarianceInformation] = _covariance

_theta = singledispatch(mixed_information.theta_information)
_theta.register(CellFit, information.theta_information)
theta_information: Callable[[AnyMixedFit], ThetaInformation] = _theta

_deviance = singledispatch(mixed_constrained.constrained_deviance)
_deviance.register(CellFit, constrained.constrained_deviance)
constrained_deviance: Callable[[AnyMixedFit, Matrix, Vector], float] = _deviance
