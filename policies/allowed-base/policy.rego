# METADATA
# title: Only allowed base images
# description: The lowest layers are those of one of the base images that you name. Labels are claims and prove nothing.
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: "off"
#   needs: [report.image.layers]
#   params:
#     bases:
#       description: "each `{name, layers}`: its layers base first, as digests of the blobs or of their content (diffID)"
#       type: array
#       default: []
#       items:
#         type: object
#         additionalProperties: false
#         required: [name, layers]
#         properties:
#           name: {type: string, minLength: 1}
#           layers: {type: array, minItems: 1, items: {type: string, pattern: "^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$"}}
package plimsoll.rules.allowed_base

violations contains {"message": "the image is built on none of the allowed base images", "evidence": evidence} if {
	not built_on_allowed
	evidence := {"layers": [layer.digest | some layer in input.report.image.layers]}
}

built_on_allowed if {
	some base in input.params.allowed_base.bases
	every i, digest in base.layers {
		digest in {input.report.image.layers[i].digest, input.report.image.layers[i].diffId}
	}
}
