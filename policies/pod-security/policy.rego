# METADATA
# title: Pod Security Standards
# description: What the baseline or the restricted standard of Kubernetes asks of Pods, in the version of your choice.
# scope: package
# custom:
#   level: error
#   critical: true
#   mode: deny
#   needs: [request]
#   params:
#     level:
#       description: which standard
#       enum: [privileged, baseline, restricted]
#       default: baseline
#     version:
#       description: as of which Kubernetes, as in v1.29; latest is v1.37, and newer ones are taken for it
#       type: string
#       pattern: "^(latest|v1\\.[0-9]{1,3})$"
#       default: latest
package plimsoll.rules.pod_security

# https://kubernetes.io/docs/concepts/security/pod-security-standards/ and, for what changed when, the checks of
# k8s.io/pod-security-admission. baseline.rego and restricted.rego have the controls: each a set of faults.

violations contains violation("baseline", fault) if {
	input.params.pod_security.level in {"baseline", "restricted"}
	some fault in baseline
}

violations contains violation("restricted", fault) if {
	input.params.pod_security.level == "restricted"
	some fault in restricted
}

violation(level, [control, found]) := {
	"message": concat("", [found.message, " (Pod Security ", level, ": ", control, ")"]),
	"evidence": object.union(found.evidence, {"standard": level, "control": control, "version": concat("", ["v1.", format_int(minor, 10)])}),
}

newest := 37

minor := newest if input.params.pod_security.version == "latest"

minor := min({newest, to_number(trim_prefix(input.params.pod_security.version, "v1."))}) if input.params.pod_security.version != "latest"
