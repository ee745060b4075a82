# METADATA
# title: No dashboard for everybody
# description: No Service or Ingress that opens an administrative interface to who is outside the cluster.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [request]
#   params:
#     names:
#       description: words of the names of Services that are administrative
#       type: array
#       items: {type: string, minLength: 1}
#       default: [kubernetes-dashboard, alertmanager, argo-server, argocd-server, elasticsearch, etcd, grafana, headlamp, hubble-ui, jaeger, kiali, kibana, kubecost, kubeflow, longhorn-frontend, phpmyadmin, pgadmin, portainer, prometheus, rancher, traefik-dashboard, weave-scope]
package plimsoll.rules.exposed_dashboard

import data.plimsoll.workload

violations contains {"message": message, "evidence": {"path": path, "value": name}} if {
	workload.other.kind == "Service"
	some [path, name] in service_names
	is_dashboard(name)
	message := concat("", [path, " is ", json.marshal(name), ", and the Service is open to the outside (", how, "); make it a ClusterIP, and reach it by kubectl port-forward or a proxy that asks who you are"])
}

violations contains {"message": message, "evidence": {"path": path, "value": name}} if {
	workload.other.kind == "Ingress"
	some [path, name] in ingress_backends
	is_dashboard(name)
	message := concat("", [path, " is ", json.marshal(name), "; take it out of the Ingress, or put a proxy before it that asks who you are"])
}

# Undefined of a Service for the inside.
how := workload.other.spec.type if workload.other.spec.type in {"NodePort", "LoadBalancer"}

how := "externalIPs" if {
	not workload.other.spec.type in {"NodePort", "LoadBalancer"}
	count(workload.other.spec.externalIPs) > 0
}

service_names contains ["metadata.name", workload.other.metadata.name]

service_names contains [concat(".", ["spec.selector", key]), value] if {
	some key in ["app", "k8s-app", "app.kubernetes.io/name"]
	value := workload.other.spec.selector[key]
}

ingress_backends contains ["spec.defaultBackend.service.name", workload.other.spec.defaultBackend.service.name]

ingress_backends contains [path, entry.backend.service.name] if {
	some i, rule in workload.other.spec.rules
	some j, entry in rule.http.paths
	path := concat("", ["spec.rules[", format_int(i, 10), "].http.paths[", format_int(j, 10), "].backend.service.name"])
}

# As whole words of the name: my-grafana, but not grafanalytics.
is_dashboard(name) if {
	some dashboard in input.params.exposed_dashboard.names
	contains(concat("", ["-", name, "-"]), concat("", ["-", dashboard, "-"]))
}
