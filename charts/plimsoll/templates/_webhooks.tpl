{{- define "plimsoll.webhookCommon" }}
    admissionReviewVersions: [v1]
    matchPolicy: Equivalent
    # Records and Events are written of what really happens only.
    sideEffects: NoneOnDryRun
    timeoutSeconds: {{ .Values.admission.timeoutSeconds }}
    namespaceSelector:
      matchExpressions:
        # By the name, which the API server sets: labels are for whoever owns the namespace to change.
        - key: kubernetes.io/metadata.name
          operator: NotIn
          values: {{ include "plimsoll.exemptNamespaces" . }}
{{- end }}

{{- define "plimsoll.webhookMetadata" }}
  {{- include "plimsoll.metadata" (dict "root" . "part" "admission") | nindent 2 }}
  {{- if eq .Values.admission.certificates.source "cert-manager" }}
  annotations:
    cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ include "plimsoll.name" (dict "root" . "part" "admission") }}
  {{- end }}
{{- end }}
