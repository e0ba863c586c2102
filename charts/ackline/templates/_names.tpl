{{/* Names, labels, the image. Helpers that need more than the root context take a dict: root, component, … */}}

{{- define "ackline.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* 40 letters at most: a CronJob's name has 52, and what is behind this one in every name must fit. */}}
{{- define "ackline.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "ackline.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Never a version: a selector can not be changed. */}}
{{- define "ackline.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ackline.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "ackline.labels" -}}
{{ include "ackline.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with merge (dict) (.labels | default dict) .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* root, name; component, labels and annotations where there are some. */}}
{{- define "ackline.metadata" -}}
metadata:
  name: {{ .name | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "ackline.labels" . | nindent 4 }}
  {{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* The components that run all the time, as a YAML list. */}}
{{- define "ackline.services" -}}
{{- concat (list "ingress" "processor") (ternary (list "console") (list) .Values.console.enabled) | toYaml -}}
{{- end }}

{{- define "ackline.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "ackline.configMapName" -}}
{{- .Values.existingConfigMap | default (printf "%s-config" (include "ackline.fullname" .)) -}}
{{- end }}

{{- define "ackline.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "ackline.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end }}

{{- define "ackline.ingressKind" -}}
{{- if .Values.ingress.spool.persistence.enabled }}StatefulSet{{ else }}Deployment{{ end -}}
{{- end }}
