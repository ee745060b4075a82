# METADATA
# title: NET_RAW is dropped
# description: Raw sockets forge packets and pass the network rules of the socket layer; container engines give them by default.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [request]
package plimsoll.rules.net_raw

import data.plimsoll.workload

violations contains workload.of_container(container, "securityContext.capabilities", object.get(container.spec, ["securityContext", "capabilities"], null), "keep NET_RAW", "drop NET_RAW, or ALL, and do not add it") if {
	some container in workload.containers
	not workload.is_windows
	has_net_raw(container)
}

has_net_raw(container) if count(workload.dropped(container) & {"ALL", "NET_RAW"}) == 0

has_net_raw(container) if count(workload.added(container) & {"ALL", "NET_RAW"}) > 0

has_net_raw(container) if workload.is_privileged(container)
