{{/* What pods of all components share. Each takes a dict: root, component, values (the component's own). */}}

{{/* Of the pod: who it is, and where it may run. */}}
{{- define "ackline.podSpec" -}}
automountServiceAccountToken: false
# A Service that is named "kafka" would set KAFKA_… in every pod beside it.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  seccompProfile: { type: RuntimeDefault }
  # A volume of many files is not walked through at each start.
  fsGroupChangePolicy: OnRootMismatch
  {{- range $key, $id := .root.Values.podSecurity }}
  {{- if not (kindIs "invalid" $id) }}
  {{ $key }}: {{ int64 $id }}
  {{- end }}
  {{- end }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* No version of chart or program: a release that changes nothing of a pod does not replace it. A label of the component wins. */}}
{{- define "ackline.podLabels" -}}
{{ include "ackline.selectorLabels" . }}
{{- with merge (dict) (.values.podLabels | default dict) .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A pod's labels and annotations. A changed ackline.yaml is no reason to replace pods that read it in place. */}}
{{- define "ackline.podMetadata" -}}
labels:
  {{- include "ackline.podLabels" . | nindent 2 }}
annotations:
  {{- $own := dict "kubectl.kubernetes.io/default-container" .component }}
  {{- if eq .root.Values.configReload "roll" }}
  {{- $_ := set $own "checksum/config" (toYaml .root.Values.config | sha256sum) }}
  {{- end }}
  {{- toYaml (merge (dict) .values.podAnnotations $own) | nindent 2 }}
{{- end }}

{{- define "ackline.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{- define "ackline.imageOf" -}}
image: {{ include "ackline.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{/* Over zones, then over nodes: a whole zone is the larger loss. Pods of one rollout are counted among themselves where that is known. */}}
{{- define "ackline.spread" -}}
topologySpreadConstraints:
  {{- if kindIs "slice" .values.topologySpreadConstraints }}
  {{- toYaml .values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ $key }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "ackline.selectorLabels" $ | nindent 8 }}
    {{- if eq $.kind "Deployment" }}
    matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  {{- end }}
{{- end }}

{{/* Mounted as folders: a file that is mounted by itself (subPath) would stay as it was at the start. */}}
{{- define "ackline.mounts" -}}
- { name: config, mountPath: /etc/ackline/config, readOnly: true }
{{- include "ackline.secretMounts" . }}
{{- end }}

{{- define "ackline.secretMounts" -}}
{{- range .Values.secrets }}
- { name: secret-{{ .name }}, mountPath: /etc/ackline/secrets/{{ .name }}, readOnly: true }
{{- end }}
{{- end }}

{{/* Where handlers come from, mounted at processor.handlers.mountPath. Nothing where they are in the image. */}}
{{- define "ackline.handlersMount" -}}
{{- with .Values.processor.handlers }}
{{- if or .existingClaim .configMap }}
- { name: handlers, mountPath: {{ .mountPath | quote }}, readOnly: true }
{{- end }}
{{- end }}
{{- end }}

{{- define "ackline.handlersVolume" -}}
{{- with .Values.processor.handlers }}
{{- if .existingClaim }}
- name: handlers
  persistentVolumeClaim: { claimName: {{ .existingClaim | quote }}, readOnly: true }
{{- else if .configMap }}
- name: handlers
  configMap: { name: {{ .configMap | quote }} }
{{- end }}
{{- end }}
{{- end }}

{{/* root; configMap: its name. */}}
{{- define "ackline.volumes" -}}
- name: config
  configMap: { name: {{ .configMap | quote }} }
{{- range .root.Values.secrets }}
- name: secret-{{ .name }}
  secret:
    secretName: {{ .secret | default .name | quote }}
    # 0440: the group reads, which is fsGroup. YAML's versions disagree on octal numbers.
    defaultMode: 288
    {{- if .optional }}
    optional: true
    {{- end }}
{{- end }}
{{- end }}

{{- define "ackline.probes" -}}
{{- range $probe, $path := dict "startup" "/startupz" "liveness" "/livez" "readiness" "/readyz" }}
{{ $probe }}Probe:
  httpGet: { path: {{ $path }}, port: ops }
  {{- toYaml (get $.values.probes $probe) | nindent 2 }}
{{- end }}
{{- end }}

{{/* The program of a service. root, component, values; env: its own environment; mounts, ports: more of them, as YAML. */}}
{{- define "ackline.serviceContainer" -}}
- name: {{ .component }}
  {{- include "ackline.imageOf" .root | nindent 2 }}
  args: [{{ .component }}]
  {{- include "ackline.containerSecurity" . | nindent 2 }}
  env:
    {{- include "ackline.commonEnv" .root | nindent 4 }}
    {{- if ne .component "console" }}
    {{- with include "ackline.kafkaEnv" .root }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with include "ackline.tracingEnv" .root | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- end }}
    # As below: a variable of envFrom would move it.
    - { name: OPS_PORT, value: "9464" }
    {{- .env | trim | nindent 4 }}
    {{- range concat .root.Values.env .values.env }}
    - {{ toYaml . | nindent 6 | trim }}
    {{- end }}
  {{- with .root.Values.envFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  ports:
    {{- with .ports }}
    {{- . | nindent 4 }}
    {{- end }}
    - { name: ops, containerPort: 9464 }
  {{- include "ackline.probes" . | trim | nindent 2 }}
  resources:
    {{- toYaml .values.resources | nindent 4 }}
  volumeMounts:
    {{- include "ackline.mounts" .root | nindent 4 }}
    {{- if ne .component "console" }}
    {{- with include "ackline.kafkaMounts" .root | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- end }}
    {{- with .mounts }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .values.volumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
