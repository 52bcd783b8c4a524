"""Profile, distance, findings from distance (roadmap H)."""
