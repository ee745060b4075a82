{{/* What all objects of one part have in common: (dict "root" $ "part" "api"). */}}
{{- define "plimsoll.name" -}}
{{- printf "%s-%s" (.root.Release.Name | trunc 40 | trimSuffix "-") .part -}}
{{- end }}

{{- define "plimsoll.selector" -}}
app.kubernetes.io/name: plimsoll
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "plimsoll.labels" -}}
{{ include "plimsoll.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "plimsoll.metadata" -}}
name: {{ include "plimsoll.name" . }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "plimsoll.labels" . | nindent 2 }}
{{- end }}

{{- define "plimsoll.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ with .tag }}:{{ . }}{{ end }}{{ with .digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end }}

{{/* The namespaces that admission never judges: they must start whatever happens to Plimsoll. */}}
{{- define "plimsoll.exemptNamespaces" -}}
{{- concat (list "kube-system" "kube-node-lease" .Release.Namespace) .Values.admission.exemptNamespaces | uniq | toJson -}}
{{- end }}
