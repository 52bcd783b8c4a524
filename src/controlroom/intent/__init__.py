"""Brief, compiled prompts, take ranking (roadmap I)."""
