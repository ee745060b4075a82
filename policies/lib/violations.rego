# The one entrypoint of every bundle: what the rules found that are asked, each result with the name of its rule, so that
# none can speak for another. A rule whose result cannot be read says so ("undecided"), and is never silently clean.
package plimsoll

violations contains object.union(violation, {"rule": rule}) if {
	some rule in answering
	some violation in data.plimsoll.rules[rule].violations
	is_object(violation)
}

violations contains undecided(rule, "its violations are no set: write `violations contains …`") if {
	some rule in (names - answering)
}

violations contains undecided(rule, "one of its violations is no object") if {
	some rule in answering
	some violation in data.plimsoll.rules[rule].violations
	not is_object(violation)
}

# Those that have parameters, be it none, are asked; others are off, or of other stages, and are not evaluated.
names contains rule if {
	some rule, _ in input.params
	_ := data.plimsoll.rules[rule]
}

answering contains rule if {
	some rule, _ in input.params
	is_set(data.plimsoll.rules[rule].violations)
}

undecided(rule, message) := {"rule": rule, "level": "undecided", "message": message, "evidence": {}}
