# METADATA
# title: No directory of the host
# description: No hostPath volume but those below directories that you name. Part of the Pod Security Standards, which allow none.
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: "off"
#   needs: [request]
#   params:
#     allowed:
#       description: "each `{path, read_only}`: a directory, with all below it; read_only: only where every mount of it is"
#       type: array
#       default: []
#       items:
#         type: object
#         additionalProperties: false
#         required: [path, read_only]
#         properties:
#           path: {type: string, pattern: "^/"}
#           read_only: {type: boolean}
package plimsoll.rules.host_path

import data.plimsoll.workload

violations contains workload.of_pod(field, path, concat("", ["is ", path, " of the host"]), "use another kind of volume") if {
	some i, volume in workload.spec.volumes
	path := volume.hostPath.path
	not is_allowed(volume)
	field := concat("", ["volumes[", format_int(i, 10), "].hostPath"])
}

is_allowed(volume) if {
	some allowed in input.params.host_path.allowed
	parts := workload.parts_of(allowed.path)
	array.slice(workload.host_parts(volume), 0, count(parts)) == parts
	is_mounted_as_allowed(volume, allowed)
}

is_mounted_as_allowed(_, allowed) if not allowed.read_only

is_mounted_as_allowed(volume, _) if not volume.name in written

written contains mount.name if {
	some container in workload.containers
	some mount in container.spec.volumeMounts
	object.get(mount, "readOnly", false) != true
}
