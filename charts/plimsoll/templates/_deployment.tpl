{{/*
A Deployment, its Service, its ServiceAccount and its PodDisruptionBudget:
(dict "root" $ "part" "api" "values" .Values.api "args" (list …) "service" (list port…) "probe" port "token" false
 "volumes" list "mounts" list "initContainers" list).
Its Pods fit Plimsoll's own rules, and the restricted Pod Security Standard.
*/}}
{{- define "plimsoll.deployment" -}}
{{- $root := .root -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "plimsoll.metadata" . | nindent 2 }}
automountServiceAccountToken: false
---
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "plimsoll.metadata" . | nindent 2 }}
spec:
  replicas: {{ .values.replicas }}
  # A new Pod is ready before an old one goes.
  strategy: { type: RollingUpdate, rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
  selector:
    matchLabels:
      {{- include "plimsoll.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "plimsoll.labels" . | nindent 8 }}
      annotations:
        plimsoll.io/settings: {{ $root.Values.settings | toJson | sha256sum | trunc 16 | quote }}
    spec:
      serviceAccountName: {{ include "plimsoll.name" . }}
      automountServiceAccountToken: {{ .token }}
      enableServiceLinks: false
      terminationGracePeriodSeconds: 45
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile: { type: RuntimeDefault }
      {{- with $root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      {{- with $root.Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with $root.Values.nodeSelector }}
      nodeSelector: {{ toJson . }}
      {{- end }}
      {{- with $root.Values.tolerations }}
      tolerations: {{ toJson . }}
      {{- end }}
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels:
                    {{- include "plimsoll.selector" . | nindent 20 }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "plimsoll.selector" . | nindent 14 }}
      {{- with .initContainers }}
      initContainers:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .part }}
          image: {{ include "plimsoll.image" $root | quote }}
          args: {{ toJson .args }}
          env:
            {{- include "plimsoll.environment" $root | nindent 12 }}
          ports:
            {{- range .ports }}
            - { name: {{ .name }}, containerPort: {{ .port }} }
            {{- end }}
          readinessProbe:
            httpGet: { path: /readyz, port: {{ .probe }} }
            periodSeconds: 5
            timeoutSeconds: 5
          livenessProbe:
            httpGet: { path: /livez, port: {{ .probe }} }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          resources: {{ toJson .values.resources }}
          securityContext: {{ include "plimsoll.containerSecurity" $root }}
          volumeMounts:
            {{- include "plimsoll.mounts" $root | nindent 12 }}
            {{- with .mounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        {{- include "plimsoll.volumes" $root | nindent 8 }}
        {{- with .volumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "plimsoll.metadata" . | nindent 2 }}
spec:
  type: ClusterIP
  selector:
    {{- include "plimsoll.selector" . | nindent 4 }}
  ports:
    {{- range .ports }}
    - { name: {{ .name }}, port: {{ .servicePort | default .port }}, targetPort: {{ .name }} }
    {{- end }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "plimsoll.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "plimsoll.selector" . | nindent 6 }}
{{- end }}

{{- define "plimsoll.containerSecurity" -}}
{ allowPrivilegeEscalation: false, privileged: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
{{- end }}

{{- define "plimsoll.environment" -}}
- { name: DATABASE_URL_FILE, value: /etc/plimsoll/store/{{ .Values.store.key }} }
{{- if .Values.queue.secretName }}
- { name: REDIS_URL_FILE, value: /etc/plimsoll/queue/{{ .Values.queue.key }} }
{{- end }}
- { name: PLIMSOLL_DATA_DIR, value: /var/lib/plimsoll }
- { name: PLIMSOLL_DB_DIR, value: /var/lib/plimsoll/db }
- { name: PLIMSOLL_LOG_LEVEL, value: {{ .Values.logLevel | quote }} }
- { name: HOME, value: /tmp }
{{- end }}

{{- define "plimsoll.mounts" -}}
- { name: settings, mountPath: /etc/plimsoll/settings, readOnly: true }
- { name: store, mountPath: /etc/plimsoll/store, readOnly: true }
{{- if .Values.queue.secretName }}
- { name: queue, mountPath: /etc/plimsoll/queue, readOnly: true }
{{- end }}
- { name: data, mountPath: /var/lib/plimsoll }
- { name: temporary, mountPath: /tmp }
{{- end }}

{{- define "plimsoll.volumes" -}}
- name: settings
  secret: { secretName: {{ include "plimsoll.name" (dict "root" . "part" "settings") }}, defaultMode: 0440 }
- name: store
  secret: { secretName: {{ .Values.store.secretName }}, defaultMode: 0440 }
{{- if .Values.queue.secretName }}
- name: queue
  secret: { secretName: {{ .Values.queue.secretName }}, defaultMode: 0440 }
{{- end }}
- name: temporary
  emptyDir: { sizeLimit: 4Gi }
{{- end }}
