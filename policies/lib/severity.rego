# Plimsoll's severity levels in their order. A level that is not among them counts as the highest.
package plimsoll.severity

ranks := {"unknown": 0, "none": 1, "negligible": 2, "low": 3, "medium": 4, "high": 5, "critical": 6}

at_least(level, threshold) if object.get(ranks, level, 6) >= ranks[threshold]
