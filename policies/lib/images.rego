# The images that a workload names, with what is known of them.
package plimsoll.images

# `image "nginx" of app`, as messages call it: the text, and the containers and volumes that name it.
called(image) := concat("", ["image ", json.marshal(image.text), " of ", concat(", ", image.usedBy)])

# Likewise where a verdict is told. One that was found by the tag is of what the tag last meant; the node may pull something else.
called_with_verdict(image) := called(image) if image.binding

called_with_verdict(image) := concat("", [called(image), " (by its tag, not binding)"]) if not image.binding

# The verdict as evidence: by the digest a flipped verdict is known, and by the text exceptions.
of_verdict(image, more) := object.union({"image": image.text, "digest": image.verdict.digest, "scannedAt": image.verdict.scannedAt}, more)

# Vulnerabilities of a severity and above, by severity; severities without one are left out.
at_least(counts, threshold) := {severity: number |
	some severity, number in counts
	number > 0
	data.plimsoll.severity.at_least(severity, threshold)
}

# `2 critical, 1 high`.
listed(found) := concat(", ", [concat(" ", [format_int(number, 10), severity]) |
	some severity in ["critical", "high", "medium", "low", "negligible", "none", "unknown"]
	number := found[severity]
])
