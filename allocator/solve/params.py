"""How a solve is to be run."""

from __future__ import annotations

from dataclasses import dataclass

from allocator.domain.faults import Fault, FaultCode, InvalidProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Settings of a solve.

    Attributes
    ----------
    time_limit_seconds
        Wall time after which the best schedule so far is returned.
    gap
        Relative gap, of each level, at which it counts as good enough: 0 asks for a proof.
    workers
        Threads of CP-SAT for a model of the whole problem; 8 is best for a proof, even on two
        cores, since fewer run fewer strategies. Repairing takes as many threads, and improving as
        many processes, as there are cores, but no more than this.
    seed
        Of all chance.
    deterministic_limit
        Limit of the whole solve in CP-SAT's deterministic time, in place of the wall time: with
        one worker the same seed then gives the same schedule, byte for byte.
    """

    time_limit_seconds: float = 30.0
    gap: float = 0.0
    workers: int = 8
    seed: int = 0
    deterministic_limit: float | None = None

    def check(self) -> None:
        """Refuse settings that make no sense.

        Raises
        ------
        InvalidProblem
            Naming every setting at fault.
        """
        faults = []
        for name, value, least, most in (
            ("time_limit_seconds", self.time_limit_seconds, 0.0, 7 * 24 * 3600.0),
            ("gap", self.gap, 0.0, 1.0),
            ("workers", self.workers, 1, 256),
            ("seed", self.seed, 0, 2**31 - 1),
            ("deterministic_limit", self.deterministic_limit or 0.0, 0.0, 1e9),
        ):
            if not least <= value <= most:
                faults.append(
                    Fault(
                        FaultCode.WRONG_NUMBER,
                        "setting",
                        name,
                        f"The setting {name} is {value:.10g}; {least:.10g} to {most:.10g} are"
                        " possible.",
                    )
                )
        if faults:
            raise InvalidProblem(faults)
