"""What rules, goals and solvers read: the problem in ticks and small integers."""
