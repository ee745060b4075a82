package plimsoll_test

import data.plimsoll

# The rules of a bundle under test stand in for any; what they answer is replaced.
answer(violations) := result if {
	result := plimsoll.violations with data.plimsoll.rules as {"a": violations} with input as {"params": {"a": {}}}
}

test_the_rule_is_named_by_its_package if {
	answer({"violations": {{"message": "m", "rule": "b"}}}) == {{"message": "m", "rule": "a"}}
}

test_no_set_is_undecided if {
	some violation in answer({"violations": "x"})
	violation.level == "undecided"
}

test_undefined_is_undecided if {
	some violation in answer({"other": 1})
	violation.level == "undecided"
}

test_no_object_is_undecided if {
	some violation in answer({"violations": {"x"}})
	violation.level == "undecided"
}

test_nothing_is_nothing if answer({"violations": set()}) == set()

test_what_is_not_asked_is_silent if {
	plimsoll.violations == set() with data.plimsoll.rules as {"a": {"violations": "x"}} with input as {"params": {}}
}
