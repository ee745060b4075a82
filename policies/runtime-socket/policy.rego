# METADATA
# title: No socket of the container runtime
# description: Who reaches the socket of containerd, CRI-O, Docker or Podman starts any container on the node. Directories that hold one count too.
# scope: package
# custom:
#   level: error
#   critical: true
#   mode: deny
#   needs: [request]
#   params:
#     paths:
#       description: sockets, and directories that hold them; /var/run is taken for /run
#       type: array
#       items: {type: string, minLength: 1}
#       default: [/run/containerd, /run/cri-dockerd.sock, /run/crio, /run/docker.sock, /run/dockershim.sock, /run/k3s/containerd, /run/podman]
package plimsoll.rules.runtime_socket

import data.plimsoll.workload

violations contains workload.of_pod(field, path, concat("", ["is ", path, ", which reaches the container runtime (", socket, ")"]), "do not mount it; build images with a rootless builder, and ask the Kubernetes API for the rest") if {
	some i, volume in workload.spec.volumes
	path := volume.hostPath.path
	reached := [each |
		some each in input.params.runtime_socket.paths
		workload.overlap(workload.parts_of(each), workload.host_parts(volume))
	]
	socket := reached[0]
	field := concat("", ["volumes[", format_int(i, 10), "].hostPath"])
}
