"""The catalogue of a rehabilitation clinic: services, and how often each is asked for.

Durations follow the 15 to 75 minutes counted over published lists of rehabilitation
treatments; which service lasts how long, and the weights in a profession, are assumed.
"""

from __future__ import annotations

from allocator.domain.service import Need, Part, Selector, Service, Turnaround

PROFESSIONS = ("psychotherapy", "speech", "physio", "occupational", "doctor")

#: For each profession, the services that an ask may mean, with weights.
OFFERED: dict[str, dict[str, float]] = {
    "psychotherapy": {"psychotherapy": 90, "psychological_test": 10},
    "speech": {"speech_therapy": 65, "voice_therapy": 25, "swallowing_therapy": 10},
    "physio": {
        "physiotherapy": 45,
        "manual_therapy": 20,
        "gym_training": 15,
        "ultrasound_therapy": 10,
        "lymph_drainage": 5,
        "shockwave_therapy": 5,
    },
    "occupational": {"occupational_therapy": 70, "hand_therapy": 30},
}

#: For each profession, the assessment with which a chain begins.
ASSESSMENT = {
    "psychotherapy": ("psychological_test", "psychotherapy"),
    "speech": ("speech_assessment", "speech_therapy"),
    "physio": ("physio_assessment", "physiotherapy"),
    "occupational": ("occupational_assessment", "occupational_therapy"),
    "doctor": ("sonography", "consultation"),
}

#: For each profession, what else a patient has on the same day.
COMPANION = {
    "psychotherapy": "occupational_therapy",
    "speech": "occupational_therapy",
    "physio": "gym_training",
    "occupational": "physiotherapy",
    "doctor": "physiotherapy",
}

#: Group sessions: service and the profession that leads it.
GROUPS = (("back_school", "physio"), ("stress_group", "psychotherapy"))

TURNAROUNDS = (Turnaround(kind="device", minutes=15, before="shockwave_therapy"),)


def companion_of(profession: str, service: str) -> str:
    """Return what a patient has on the same day, beside a service of a profession."""
    companion = COMPANION[profession]
    return "physiotherapy" if companion == service else companion


def consultation_for(minutes: float) -> str:
    """Return the consultation that is long enough, rounded up to quarters of an hour."""
    if minutes <= 15:
        return "consultation"
    return "long_consultation" if minutes <= 30 else "extended_consultation"


def catalogue(trainee: str | None) -> tuple[Service, ...]:
    """Return all services; a trainee in physiotherapy takes longer over the ordinary ones."""
    slower = ((trainee, 45),) if trainee else ()

    def person(*skills: str, notes: int = 0) -> Need:
        return Need(
            role="practitioner",
            alternatives=(Selector(kind="practitioner", skills=frozenset(skills)),),
            after_minutes=notes,
        )

    def room(*skills: str, cleaning: int = 0, uses: int = 1) -> Need:
        return Need(
            role="room",
            alternatives=tuple(Selector(kind="room", skills=frozenset({s})) for s in skills),
            after_minutes=cleaning,
            uses=uses,
        )

    def device(skill: str, part: Part | None = None) -> Need:
        return Need(
            role="device",
            alternatives=(Selector(kind="device", skills=frozenset({skill})),),
            part=part,
        )

    team = Need(
        role="team",
        alternatives=(Selector(kind="practitioner", skills=frozenset({"team"})),),
        quantity=2,
    )
    services = (
        Service(
            id="psychotherapy",
            name="Psychotherapy",
            minutes=45,
            first_minutes=60,
            start_every_minutes=30,
            needs=(person("psychotherapy", notes=15), room("quiet")),
        ),
        Service(
            id="psychological_test",
            name="Psychological test",
            minutes=75,
            notice_minutes=2880,
            approval=True,
            needs=(person("psychotherapy", notes=15), room("quiet")),
        ),
        Service(
            id="speech_assessment",
            name="Speech assessment",
            minutes=75,
            needs=(person("speech"), room("talk")),
        ),
        Service(
            id="speech_therapy",
            name="Speech therapy",
            minutes=45,
            first_minutes=60,
            needs=(person("speech"), room("talk")),
        ),
        Service(
            id="voice_therapy",
            name="Voice therapy",
            minutes=30,
            needs=(person("speech"), room("talk")),
        ),
        Service(
            id="swallowing_therapy",
            name="Swallowing therapy",
            minutes=30,
            needs=(person("speech", "swallowing"), room("talk", cleaning=15)),
        ),
        Service(
            id="physio_assessment",
            name="Physiotherapy assessment",
            minutes=60,
            needs=(person("physio"), room("treatment")),
        ),
        Service(
            id="physiotherapy",
            name="Physiotherapy",
            minutes=30,
            minutes_by_resource=slower,
            needs=(person("physio"), room("treatment", "gym")),
        ),
        Service(
            id="manual_therapy",
            name="Manual therapy",
            minutes=30,
            first_minutes=45,
            needs=(person("physio", "manual"), room("treatment", cleaning=15)),
        ),
        Service(
            id="gym_training",
            name="Training in the gym",
            minutes=45,
            needs=(person("physio"), room("gym")),
        ),
        Service(
            id="ultrasound_therapy",
            name="Ultrasound therapy",
            minutes=30,
            needs=(
                person("physio"),
                room("treatment"),
                device("ultrasound", Part(minutes=15)),
            ),
        ),
        Service(
            id="lymph_drainage",
            name="Lymph drainage",
            minutes=60,
            needs=(person("physio", "manual"), room("treatment", cleaning=15)),
        ),
        Service(
            id="shockwave_therapy",
            name="Shock wave therapy",
            minutes=15,
            needs=(person("physio"), room("treatment"), device("shockwave")),
        ),
        Service(
            id="occupational_assessment",
            name="Occupational assessment",
            minutes=75,
            needs=(person("occupational"), room("workshop")),
        ),
        Service(
            id="occupational_therapy",
            name="Occupational therapy",
            minutes=45,
            first_minutes=60,
            needs=(person("occupational"), room("workshop")),
        ),
        Service(
            id="hand_therapy",
            name="Hand therapy",
            minutes=30,
            needs=(person("occupational", "hand"), room("workshop", "treatment", cleaning=15)),
        ),
        Service(
            id="consultation",
            name="Consultation",
            minutes=15,
            first_minutes=30,
            needs=(person("doctor"), room("consulting")),
        ),
        Service(
            id="long_consultation",
            name="Long consultation",
            minutes=30,
            first_minutes=45,
            needs=(person("doctor"), room("consulting")),
        ),
        Service(
            id="extended_consultation",
            name="Extended consultation",
            minutes=45,
            first_minutes=60,
            needs=(person("doctor", notes=15), room("consulting")),
        ),
        Service(
            id="sonography",
            name="Sonography",
            minutes=30,
            needs=(
                person("doctor", "sonography"),
                room("consulting"),
                device("ultrasound", Part(minutes=15, from_end=True)),
            ),
        ),
        Service(
            id="case_conference",
            name="Case conference",
            minutes=30,
            notice_minutes=4320,
            needs=(person("doctor"), team, room("meeting")),
        ),
        Service(
            id="team_meeting",
            name="Team meeting on a patient",
            minutes=45,
            notice_minutes=4320,
            needs=(room("meeting"),),
        ),
        Service(
            id="back_school",
            name="Back school",
            minutes=60,
            needs=(person("physio"), room("hall", cleaning=15)),
        ),
        Service(
            id="stress_group",
            name="Stress group",
            minutes=75,
            needs=(person("psychotherapy", notes=15), room("hall")),
        ),
    )
    return tuple(sorted(services, key=lambda service: service.id))
