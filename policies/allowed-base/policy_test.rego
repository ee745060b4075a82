package plimsoll.rules.allowed_base_test

import data.plimsoll.rules.allowed_base as rule

found(layers) := result if {
	result := rule.violations with input as {
		"report": {"image": {"layers": layers}},
		"params": {"allowed_base": {"bases": [{"name": "debian", "layers": ["sha256:a"]}]}},
	}
}

test_denied if count(found([{"digest": "sha256:b", "diffId": null}])) == 1

test_denied_without_layers if count(found([])) == 1

test_allowed_by_blob if count(found([{"digest": "sha256:a", "diffId": null}])) == 0

test_allowed_by_content if count(found([{"digest": "sha256:b", "diffId": "sha256:a"}])) == 0
