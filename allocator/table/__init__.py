"""Where one visit could go, all else fixed, and what that would cost."""
