"""What is placed where: a finished timetable to be judged, and a state that changes."""
