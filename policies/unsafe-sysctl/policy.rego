# METADATA
# title: No unsafe sysctl
# description: No kernel parameter but those that touch this Pod alone. Part of the Pod Security Standards.
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: "off"
#   needs: [request]
#   params:
#     allowed:
#       description: those that may be set
#       type: array
#       items: {type: string, minLength: 1}
#       default: [kernel.shm_rmid_forced, net.ipv4.ip_local_port_range, net.ipv4.ip_local_reserved_ports, net.ipv4.ip_unprivileged_port_start, net.ipv4.ping_group_range, net.ipv4.tcp_fin_timeout, net.ipv4.tcp_keepalive_intvl, net.ipv4.tcp_keepalive_probes, net.ipv4.tcp_keepalive_time, net.ipv4.tcp_notsent_lowat, net.ipv4.tcp_rmem, net.ipv4.tcp_slow_start_after_idle, net.ipv4.tcp_syncookies, net.ipv4.tcp_wmem]
package plimsoll.rules.unsafe_sysctl

import data.plimsoll.workload

violations contains workload.of_pod("securityContext.sysctls", sysctl.name, concat(" ", ["have", sysctl.name]), "take it out") if {
	some sysctl in workload.spec.securityContext.sysctls
	not sysctl.name in input.params.unsafe_sysctl.allowed
}
