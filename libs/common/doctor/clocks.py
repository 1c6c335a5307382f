"""Whether two clocks agree."""

from libs.common.doctor.finding import Finding, ok, problem, warning

_NOTABLE = 2.0
_HARMFUL = 30.0
"""Seconds: as long as a lease."""


def clock_finding(subject: str, theirs: float, asked_at: float, answered_at: float) -> Finding:
    """How far a server's clock is from ours; all three are seconds since 1970."""
    ahead = theirs - (asked_at + answered_at) / 2
    unsure = (answered_at - asked_at) / 2
    what = f"is {abs(ahead):.2f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    cure = "let both machines keep their time by NTP"
    if abs(ahead) - unsure > _HARMFUL:
        return problem(subject, what, cure)
    return warning(subject, what, cure) if abs(ahead) - unsure > _NOTABLE else ok(subject, what)
