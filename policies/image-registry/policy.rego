# METADATA
# title: Only images from allowed registries
# description: "Every image is from one of the registries, or repositories of them, that you name. By the parsed reference: registry.example does not allow registry.example.evil."
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: deny
#   needs: [images]
#   params:
#     allowed:
#       description: "registries, or registries with the first parts of the repository: docker.io/library, ghcr.io/org; none: all are allowed"
#       type: array
#       items: {type: string, pattern: "^[a-z0-9.:\\[\\]-]+(/[a-z0-9._-]+)*$"}
#       default: []
package plimsoll.rules.image_registry

import data.plimsoll.images

# What names no image is from nowhere, and image_reference says so.
violations contains {"message": message, "evidence": {"image": image.text, "value": place}} if {
	count(input.params.image_registry.allowed) > 0
	some image in input.images
	place := concat("/", [image.registry, image.repository])
	not is_allowed(split(place, "/"))
	message := concat("", [images.called(image), " is from ", place, "; allowed are ", concat(", ", input.params.image_registry.allowed)])
}

is_allowed(parts) if {
	some allowed in input.params.image_registry.allowed
	prefix := split(allowed, "/")
	array.slice(parts, 0, count(prefix)) == prefix
}
