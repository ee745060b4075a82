# METADATA
# title: Only volumes of allowed types
# description: No volume but of the types that you name; without one Kubernetes makes it an emptyDir. Part of the restricted Pod Security Standard.
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: "off"
#   needs: [request]
#   params:
#     allowed:
#       description: as their fields are called
#       type: array
#       items: {type: string, minLength: 1}
#       default: [configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected, secret]
package plimsoll.rules.volume_type

import data.plimsoll.workload

violations contains workload.of_pod(field, type, workload.stated(type), concat("", ["use one of ", concat(", ", sort(input.params.volume_type.allowed))])) if {
	some i, volume in workload.spec.volumes
	some type in object.keys(volume)
	type != "name"
	not type in input.params.volume_type.allowed
	field := concat("", ["volumes[", format_int(i, 10), "]"])
}
