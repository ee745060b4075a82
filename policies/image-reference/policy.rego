# METADATA
# title: Every image can be told
# description: "No container without an image, and no text that names none: what the runtime makes of it nobody knows before."
# scope: package
# custom:
#   level: error
#   critical: true
#   mode: deny
#   needs: [images]
package plimsoll.rules.image_reference

import data.plimsoll.workload

violations contains {"message": message, "evidence": {"image": image.text}} if {
	some image in input.images
	message := concat("", ["image of ", concat(", ", image.usedBy), ": ", image.problem])
}

violations contains workload.of_container(container, "image", null, "is not set", "name one") if {
	some container in workload.containers
	container.image == null
}
