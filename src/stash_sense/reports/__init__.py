"""Results for people and machines: terminal table, JSON, HTML."""
